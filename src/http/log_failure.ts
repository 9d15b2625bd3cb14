import type { RealmgateError } from "../core/errors.ts";
import type { Log } from "../core/log.ts";

/**
 * Logs a request's failure where its answer keeps something back: the database's own text, or a
 * fault of this program. What an operator must act on is told at the default level.
 */
export function logFailure(
  log: Log,
  error: RealmgateError,
  fields: { readonly requestId: string; readonly path: string },
): void {
  const { code, cause } = error;
  if (code !== "internal" && cause === undefined) return;
  const line = { ...fields, code, error: describe(cause ?? error) };
  switch (code) {
    case "internal":
      return log.error("a request failed", line);
    case "statement_unavailable":
    case "write_outcome_unknown":
      return log.warn("a request was refused", line);
    default:
      return log.debug("a request was refused", line);
  }
}

function describe(error: unknown): string {
  return error instanceof Error ? error.stack ?? error.message : String(error);
}
