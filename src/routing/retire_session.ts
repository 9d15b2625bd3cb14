import type { ScopeWatch } from "../core/scope.ts";
import type { MysqlSession } from "../drivers/mysql.ts";

/**
 * How long a connection is kept that is not used, in milliseconds. Who looks seldom should not find
 * it cut by whatever lies between, and take that for the server's end.
 */
export const REST_MS = 5_000;

/** How long a goodbye may take. */
const GOODBYE_MS = 1_000;

/**
 * Closes a session that is not used any longer, so that the server does not log it as aborted.
 * Waits for nobody; at the time limit, or when the watch ends its scopes, it is cut.
 */
export function retireSession(session: MysqlSession, watch: ScopeWatch): void {
  const scope = watch.open({ timeoutMs: GOODBYE_MS });
  scope.onEnd(() => session.destroy());
  void session.end().finally(() => scope.close());
}
