import { RealmgateError } from "../core/errors.ts";
import type { Scope } from "../core/scope.ts";
import { type Ok, type Rows, SqlError } from "../drivers/mysql.ts";
import type { Lease } from "../pool/lease.ts";
import type { Bound } from "./compiled_statement.ts";
import { asUnsent, isReadOnlyRefusal } from "./failure.ts";
import type { Fence } from "./fence.ts";
import { recordFence } from "./fence_table.ts";
import { recordOutbox } from "./outbox.ts";
import type { Written } from "./write_position.ts";

/** A write with what must be recorded exactly if it is applied. */
export interface TransactedWrite {
  /** Under which it is to run. @default {none} */
  readonly fence?: Fence | undefined;
  /** What caches must drop, for the outbox. @default {no row} */
  readonly tags?: readonly string[] | undefined;
  readonly bound: Pick<Bound, "sql" | "values" | "once">;
  /** The statement's name, for errors. */
  readonly label: string;
  readonly scope: Scope;
}

/** Errors of a COMMIT by which the server says that it has rolled back instead. */
const ROLLED_BACK: readonly number[] = [1205, 1213];

/**
 * Runs a write in a transaction that records its fence first, then its row in the outbox. What fails
 * is rolled back whole: both are recorded exactly if the write is applied.
 *
 * The fence's row stays locked until the commit, so writes under one lock stand in line on their
 * shard, and once a newer fence is committed no write of an older one lands. It comes first so that
 * a write that is refused or waits holds nothing else.
 *
 * @throws {RealmgateError} `stale_fence`, `statement_unavailable` where the shard lacks one of those
 * tables
 * @throws {SqlError} `connection_lost` only if a COMMIT was sent and did not get a clear answer: then
 * the outcome is unknown. What is lost before that is certainly not applied, and `connect_failed`
 * @throws {InterruptedError} `unknown` only for a COMMIT that was sent
 */
export async function transactWrite(lease: Lease, write: TransactedWrite): Promise<Written> {
  const { fence, tags, bound, label, scope } = write;
  let result: Rows | Ok;
  try {
    await lease.transact("START TRANSACTION", { scope });
    if (fence !== undefined) {
      assertNewest(await recordFence(lease, { fence, scope }), { fence, label });
    }
    if (tags !== undefined) await recordOutbox(lease, { tags, scope });
    result = await lease.execute(bound.sql, bound.values, { scope, once: bound.once });
  } catch (error) {
    await rollBack(lease, scope);
    throw asUnsent(error);
  }
  const committed = await lease.transact("COMMIT", { scope }).catch(doubtful);
  // The server tells the GTID of a transaction with its commit.
  return committed.kind === "ok" ? { ...result, gtid: committed.gtid } : result;
}

function assertNewest(
  newest: string,
  { fence, label }: { readonly fence: Fence; readonly label: string },
): void {
  if (newest === fence.number) return;
  throw new RealmgateError(
    "stale_fence",
    `Cannot run ${label}: the fence of ${fence.lock} must be ${newest} or newer, ` +
      `received ${fence.number}; the lock has had another holder since`,
    { extra: { lock: fence.lock, fence: fence.number, newest } },
  );
}

/** Where it does not get through, the connection is given back inside its transaction: a reset. */
async function rollBack(lease: Lease, scope: Scope): Promise<void> {
  await lease.transact("ROLLBACK", { scope }).catch(() => {});
}

function doubtful(error: unknown): never {
  const unclear = error instanceof SqlError && error.kind === "server" && !isRolledBack(error);
  throw unclear ? asLost(error) : error;
}

/** Whether the server says with its refusal of a COMMIT that it has rolled back. */
export function isRolledBack(error: SqlError): boolean {
  return isReadOnlyRefusal(error) || ROLLED_BACK.includes(error.errno);
}

/** A refusal of a COMMIT that does not tell what became of it: as if there had been no answer. */
export function asLost(error: SqlError): SqlError {
  return new SqlError("connection_lost", error.message, { cause: error });
}
