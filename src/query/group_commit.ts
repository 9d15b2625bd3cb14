import type { Clock } from "../core/clock.ts";
import { type Answer, SqlError, type Transacted } from "../drivers/mysql.ts";
import type { Lease } from "../pool/lease.ts";
import type { Scope } from "../core/scope.ts";
import type { CommitTimes } from "./commit_window.ts";
import type { Bound } from "./compiled_statement.ts";
import { asLost, isRolledBack } from "./transact_write.ts";
import { withPosition, type Written } from "./write_position.ts";
import type { Outcome } from "./write_lane.ts";

/** Writes that are committed together. */
export interface WriteGroup {
  readonly writes: readonly Pick<Bound, "sql" | "values">[];
  /** Whether the server is asked where it is, where it does not say so by itself. */
  readonly positioned: boolean;
  readonly scope: Scope;
  readonly clock: Clock;
  /** Told how long it took, unless it failed. */
  readonly measured: (times: CommitTimes) => void;
}

/** What a group came to. */
export interface GroupResult {
  /** Of each write. */
  readonly outcomes: readonly Outcome<Written>[];
  /** Up to where a replica must be to show all of it; `undefined` where that is not known. */
  readonly position: string | undefined;
}

/**
 * What stands before the text of a write in a group.
 *
 * It does not wait for a lock that somebody else holds, neither of a row nor of a table's definition:
 * others would wait with it, while they hold theirs. It is done alone then.
 *
 * And it changes no row that somebody else has changed since the transaction first looked at anything,
 * as triggers and functions of writes before it may have: its own trigger would see the state of then,
 * where by itself it sees what the row's last writer left. The server undoes all of them then.
 */
export const IN_GROUP = "SET STATEMENT innodb_lock_wait_timeout = 0, lock_wait_timeout = 0, " +
  "innodb_snapshot_isolation = ON FOR ";
/** SQLSTATE classes of what is the write's own fault: data, constraints, a trigger's SIGNAL. */
const OWN_FAULT = /^(22|23|45)/;

/**
 * Runs writes in one transaction. Each is applied or refused by itself: InnoDB undoes a statement that
 * fails, and nothing else. Where the server undoes the whole transaction, or refuses to go on, the
 * writes have to be done alone; nothing of them is applied then.
 *
 * @throws {SqlError} `connection_lost`: then nothing is known of any of them; `connect_failed`: none
 * was sent
 * @throws {InterruptedError}
 */
export async function commitTogether(lease: Lease, group: WriteGroup): Promise<GroupResult> {
  const { writes, positioned, scope, clock, measured } = group;
  const commands = writes.map(({ sql, values }) => ({ sql: IN_GROUP + sql, values }));
  let transacted: Transacted;
  const sentAt = clock.now();
  let executedAt = sentAt;
  const executed = () => {
    executedAt = clock.now();
  };
  try {
    transacted = await lease.transactAll(commands, { scope, settle: true, executed });
  } catch (error) {
    if (!(error instanceof SqlError) || error.kind !== "server") throw error;
    return { outcomes: writes.map(() => ALONE), position: undefined };
  }
  measured({ executedMs: executedAt - sentAt, committedMs: clock.now() - executedAt });
  const { answers, whole, committed } = transacted;
  if (whole === undefined) {
    throw new SqlError("connection_lost", "the server did not tell what became of a transaction");
  }
  if (!whole) return apart(answers);
  if (committed instanceof SqlError) {
    if (!isRolledBack(committed)) throw asLost(committed);
    return { outcomes: writes.map(() => ALONE), position: undefined };
  }
  const { gtid: position } = committed.gtid === undefined && positioned
    ? await withPosition(lease, { result: committed, scope })
    : committed;
  const outcomes = answers.map((answer) =>
    answer instanceof SqlError ? refused(answer) : done({ ...answer, gtid: position })
  );
  return { outcomes, position };
}

/** Says of a write that nothing of it is applied, and that it is to be done by itself. */
export const ALONE = { is: "alone" } as const;

/**
 * What became of writes whose transaction the server undid: those that came after stand for themselves.
 * What was refused before may have been so because of what is undone.
 */
export function apart(answers: readonly Answer[]): GroupResult {
  let position: string | undefined;
  let after = false;
  const outcomes = answers.map((answer): Outcome<Written> => {
    if (answer instanceof SqlError) return after ? refused(answer) : ALONE;
    if (answer.kind !== "ok" || answer.inTransaction) return ALONE;
    after = true;
    position = answer.gtid ?? position;
    return done(answer);
  });
  return { outcomes, position };
}

function done(result: Written): Outcome<Written> {
  return { is: "done", result };
}

function refused(error: SqlError): Outcome<Written> {
  return OWN_FAULT.test(error.sqlState) ? { is: "failed", error } : ALONE;
}
