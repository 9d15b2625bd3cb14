import type { CoherenceBus } from "../cache/coherence_bus.ts";
import { RealmgateError } from "../core/errors.ts";
import type { Scope } from "../core/scope.ts";
import { SqlError } from "../drivers/mysql.ts";
import { InterruptedError } from "../pool/interrupted_error.ts";
import type { Lease } from "../pool/lease.ts";
import type { Bound } from "./compiled_statement.ts";
import type { Fence } from "./fence.ts";
import { transactWrite } from "./transact_write.ts";
import type { Written } from "./write_position.ts";

/** How long a write may go on past its deadline until its connection is given up, in milliseconds. */
export const SETTLE_MS = 3_000;

/** A write that drops tags. */
export interface TaggedWrite {
  readonly tags: readonly string[];
  readonly shard: string;
  /** The shard's epoch, and the node that the write is sent to. */
  readonly epoch: string;
  readonly node: string;
  readonly bound: Bound;
  readonly fence: Fence | undefined;
  /** The statement's name, for errors. */
  readonly label: string;
  readonly scope: Scope;
  /** How long it can take from now, in milliseconds. */
  readonly limitMs: number;
}

/**
 * Runs a write and tells the fleet's caches of it: first that it is coming, which puts its tags in
 * doubt everywhere, then how it ended. Whoever dies in between leaves the tags in doubt, and a
 * sweeper finds out.
 *
 * Where the fleet cannot be told beforehand, since Redis does not answer or the server's session
 * cannot be named, the tags are written in the same transaction instead, for the sweepers to tell.
 *
 * @throws as {@linkcode transactWrite}; a session that was lost with its write leaves the tags in doubt
 */
export async function taggedWrite(
  lease: Lease,
  write: TaggedWrite,
  bus: Pick<CoherenceBus, "intend" | "done" | "aborted">,
): Promise<Written> {
  const { tags, shard, epoch, node, bound, fence, label, scope, limitMs } = write;
  const { intent, recorded } = await bus.intend({
    tags,
    shard,
    node,
    connection: lease.connectionId,
    limitMs,
  }, scope.trace);
  try {
    const result: Written = recorded && fence === undefined
      ? await lease.execute(bound.sql, bound.values, {
        scope,
        settle: true,
        once: bound.once,
      })
      : await transactWrite(lease, {
        bound,
        fence,
        label,
        scope,
        tags: recorded ? undefined : tags,
      });
    bus.done(intent, { shard, epoch, position: result.gtid ?? "" });
    return result;
  } catch (error) {
    if (isUnapplied(error)) bus.aborted(intent);
    // It is over, applied or not: its session serves others next, which no sweeper may end. Where it
    // is not recorded its row in the outbox tells the fleet, if it was applied.
    else if (!recorded || lease.state !== "closed") {
      bus.done(intent, { shard, epoch, position: "" });
    }
    throw error;
  }
}

/** Whether the server itself refused it, or it was never sent. */
export function isUnapplied(error: unknown): boolean {
  if (error instanceof SqlError) return error.kind !== "connection_lost";
  return (error instanceof RealmgateError || error instanceof InterruptedError) &&
    error.outcome === "not_applied";
}
