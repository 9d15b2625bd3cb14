import { RealmgateError } from "../core/errors.ts";
import type { Scope } from "../core/scope.ts";
import { type Ok, type Rows, SqlError } from "../drivers/mysql.ts";
import type { Lease } from "../pool/lease.ts";
import type { Fence } from "./fence.ts";

const ER_NO_SUCH_TABLE = 1146;

/**
 * One round trip to record a fence and to learn the newest one: `LAST_INSERT_ID(n)` puts a number
 * into the OK packet, which holds 64 bits and is read without loss. (MySQL's manual shows it for
 * counters.) It locks the lock's row until the transaction ends.
 */
const RECORD = `INSERT INTO realmgate_fences (name, fence, used_at)
VALUES (?, LAST_INSERT_ID(CAST(? AS SIGNED)), UTC_TIMESTAMP())
ON DUPLICATE KEY UPDATE used_at = VALUES(used_at),
  fence = LAST_INSERT_ID(GREATEST(fence, VALUES(fence)))`;

/** The same for a number that grows by itself, by the server's clock where that is ahead. */
const NEXT = `INSERT INTO realmgate_fences (name, fence, used_at)
VALUES (?, LAST_INSERT_ID(CAST(UNIX_TIMESTAMP(NOW(6)) * 1000000 AS SIGNED)), UTC_TIMESTAMP())
ON DUPLICATE KEY UPDATE used_at = VALUES(used_at),
  fence = LAST_INSERT_ID(GREATEST(fence + 1, VALUES(fence)))`;

/**
 * Records a fence on the shard unless a newer one is there, and returns the newest.
 *
 * @throws {SqlError} as {@linkcode Lease.execute}
 * @throws {RealmgateError} `statement_unavailable` where the shard lacks the table
 */
export function recordFence(
  lease: Lease,
  { fence, scope }: { readonly fence: Fence; readonly scope: Scope },
): Promise<string> {
  return lease.execute(RECORD, [fence.lock, fence.number], { scope, aside: "fence" }).then(
    numberOf,
    explain,
  );
}

/** Draws a lock's next number and records it. Throws as {@linkcode recordFence}. */
export function drawFence(
  lease: Lease,
  { lock, scope }: { readonly lock: string; readonly scope: Scope },
): Promise<string> {
  return lease.execute(NEXT, [lock], { scope, aside: "fence" }).then(numberOf, explain);
}

function numberOf(result: Rows | Ok): string {
  return result.kind === "ok" ? result.insertId : "0";
}

function explain(error: unknown): never {
  if (!(error instanceof SqlError && error.errno === ER_NO_SUCH_TABLE)) throw error;
  throw new RealmgateError(
    "statement_unavailable",
    "Cannot use a fence: the shard must have the table realmgate_fences; an operator makes it " +
      "with deno task schema:install",
    { retryAfterMs: 30_000, cause: error },
  );
}
