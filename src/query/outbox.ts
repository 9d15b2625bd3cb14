import { RealmgateError } from "../core/errors.ts";
import type { Scope } from "../core/scope.ts";
import { SqlError } from "../drivers/mysql.ts";
import type { Lease } from "../pool/lease.ts";

const ER_NO_SUCH_TABLE = 1146;

const RECORD = "INSERT INTO realmgate_outbox (tags) VALUES (?)";

/**
 * Leaves word on the shard of what a write changes, inside the write's own open transaction: the row
 * is there exactly if the write is applied, whatever becomes of its writer. The sweepers tell the
 * fleet's caches of it and delete it.
 *
 * @throws {SqlError} as {@linkcode Lease.execute}
 * @throws {RealmgateError} `statement_unavailable` where the shard lacks the table
 */
export async function recordOutbox(
  lease: Lease,
  { tags, scope }: { readonly tags: readonly string[]; readonly scope: Scope },
): Promise<void> {
  try {
    await lease.execute(RECORD, [JSON.stringify(tags)], { scope, aside: "outbox" });
  } catch (error) {
    if (!(error instanceof SqlError && error.errno === ER_NO_SUCH_TABLE)) throw error;
    throw new RealmgateError(
      "statement_unavailable",
      "Cannot write without telling the caches: the shard must have the table realmgate_outbox; " +
        "an operator makes it with deno task schema:install",
      { retryAfterMs: 30_000, cause: error },
    );
  }
}
