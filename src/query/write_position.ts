import type { Ok, Rows } from "../drivers/mysql.ts";
import type { Lease } from "../pool/lease.ts";
import type { Scope } from "../core/scope.ts";
import { COMMITTED } from "../routing/position_sql.ts";

/** What a write came to, with the GTID that a replica must have to show it, where that is known. */
export type Written = Ok | (Rows & { readonly gtid?: string | undefined });

const POSITION = `SELECT ${COMMITTED}`;

/**
 * Asks the server what it has committed, and with it all that any of its statements has seen, on the write's own connection: for a write that has no GTID of its
 * own, since it changed nothing and yet saw a state that its caller now relies on, or since the
 * server does not report one, as for `RETURNING`.
 *
 * Never fails, for the write is done: where the position cannot be had, there is none.
 */
export async function withPosition(
  lease: Lease,
  write: { readonly result: Written; readonly scope: Scope },
): Promise<Written> {
  const { result, scope } = write;
  try {
    const answer = await lease.execute(POSITION, [], { scope, aside: "position" });
    const position = answer.kind === "rows" ? answer.rows[0]?.[0] : undefined;
    return typeof position === "string" && position !== "" ? { ...result, gtid: position } : result;
  } catch {
    return result;
  }
}
