import { SqlError, type SqlErrorKind } from "./mysql.ts";

/** What mysql2 puts on its errors, as far as it is read here. */
interface Mysql2Error {
  readonly errno?: unknown;
  readonly sqlState?: unknown;
  readonly sqlMessage?: unknown;
}

/**
 * mysql2's error as a {@linkcode SqlError}. Only a server's ERR packet has a SQLSTATE; everything
 * else says that the transport failed, which is `otherwise`.
 */
export function toSqlError(error: unknown, otherwise: SqlErrorKind): SqlError {
  const { errno, sqlState, sqlMessage } = (error ?? {}) as Mysql2Error;
  const message = error instanceof Error ? error.message : String(error);
  if (typeof errno === "number" && errno > 0 && typeof sqlState === "string") {
    const text = typeof sqlMessage === "string" ? sqlMessage : message;
    // mysql2's own error is left behind: it holds the statement's text, maybe with its values.
    return new SqlError("server", text, { errno, sqlState });
  }
  return new SqlError(otherwise, message, { cause: error });
}

/** The server shuts down, was told to KILL it, does not know a statement that it prepared, or heard nothing for too long. */
const LAST_WORDS = [1053, 1927, 1243, 4031];

/** Whether a session is over with that error: no command may follow. */
export function endsSession(error: SqlError): boolean {
  return error.kind !== "server" || LAST_WORDS.includes(error.errno);
}
