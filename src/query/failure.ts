import { type ErrorCode, RealmgateError, type RealmgateErrorOptions } from "../core/errors.ts";
import { SqlError } from "../drivers/mysql.ts";
import { InterruptedError } from "../pool/interrupted_error.ts";
import { brokenConstraint, describeConstraint } from "./constraint.ts";

/** Errors of a statement that the schema no longer fits, or that the account may not run. */
const UNAVAILABLE: ReadonlySet<number> = new Set([
  1044,
  1046,
  1049,
  1051,
  1054,
  1064,
  1103,
  1109,
  1142,
  1143,
  1146,
  1305,
  1318,
  1370,
  1461,
]);

/** Whether the server refused a write because it is read-only: nothing was done. */
export function isReadOnlyRefusal(error: unknown): boolean {
  return error instanceof SqlError && error.kind === "server" &&
    (error.errno === 1290 || error.errno === 1792 || error.errno === 1836);
}

/** The server goes, is full, or does not let the account in: nothing was done. */
const REFUSED: ReadonlySet<number> = new Set([
  1040,
  1045,
  1053,
  1129,
  1130,
  1203,
  1226,
  1927,
  4151,
]);

/** Whether the node itself cannot serve: it is gone, going or full, or refuses the account. */
export function isNodeFailure(error: unknown): boolean {
  return error instanceof SqlError && (error.kind !== "server" || REFUSED.has(error.errno));
}

/** Why a node is suspected after that, in words that answers may show. */
export function reasonOf(error: SqlError): string {
  return isReadOnlyRefusal(error)
    ? "it refused a write as read-only"
    : error.kind === "server"
    ? "it refuses connections"
    : "its connection failed";
}

/** What a caller is told where no node of a shard could be used in time. */
export function shardUnavailable(
  shard: string,
  outcome: "not_applied" | "unknown",
  cause: unknown,
): RealmgateError {
  return new RealmgateError("shard_unavailable", `Cannot reach a database of shard ${shard}`, {
    outcome,
    retryAfterMs: 1_000,
    cause,
    extra: { shard },
  });
}

/**
 * The error of a command that left nothing behind when its connection was lost, such as one of a
 * transaction whose COMMIT was not sent: as if it had not been sent itself.
 */
export function asUnsent(error: unknown): unknown {
  return error instanceof SqlError && error.kind === "connection_lost"
    ? new SqlError("connect_failed", error.message, { cause: error })
    : error;
}

/** The error of a repetition, where the try before it may have been applied: so may the request. */
export function inDoubt(error: unknown): unknown {
  if (error instanceof InterruptedError) return new InterruptedError(error.end, "unknown");
  if (!(error instanceof RealmgateError) || error.outcome !== "not_applied") return error;
  const { code, message, retryAfterMs, extra } = error;
  return new RealmgateError(code, `${message}; an earlier try of it may have been applied`, {
    outcome: "unknown",
    retry: "never",
    ...(retryAfterMs === undefined ? {} : { retryAfterMs }),
    ...(extra === undefined ? {} : { extra }),
    cause: error,
  });
}

/** The code that callers are told for an error of any kind. */
export function failureCode(error: unknown): ErrorCode {
  if (error instanceof RealmgateError) return error.code;
  if (error instanceof InterruptedError) {
    if (error.outcome === "unknown") return "write_outcome_unknown";
    return error.end === "client_closed" ? "client_closed_request" : error.end;
  }
  if (!(error instanceof SqlError)) return "internal";
  if (isReadOnlyRefusal(error)) return "no_primary";
  return isNodeFailure(error) ? "shard_unavailable" : explainFailure(error, { statement: "" }).code;
}

/**
 * What a caller is told of a server's error to `statement`: a stable code and a sentence without
 * SQL and without values, which the server's own text may quote. The server's text stays in
 * `cause`, for the log.
 */
export function explainFailure(
  error: SqlError,
  options: { readonly statement: string },
): RealmgateError {
  const { statement } = options;
  const fail = (
    code: RealmgateError["code"],
    detail: string,
    more: RealmgateErrorOptions = {},
  ) => new RealmgateError(code, detail, { ...more, cause: error });
  const constraint = brokenConstraint(error);
  if (constraint !== undefined) {
    const detail = `Cannot run ${statement}: ${describeConstraint(constraint)}`;
    return fail("constraint_violation", detail, { extra: { constraint } });
  }
  switch (error.errno) {
    case 1213:
      return fail("deadlock", `Cannot run ${statement}: it met a deadlock; send it again`, {
        retryAfterMs: 50,
      });
    case 1205:
      return fail("deadlock", `Cannot run ${statement}: it waited too long for a row lock`, {
        retryAfterMs: 100,
      });
    case 1317:
    case 1969:
    case 3024:
      return fail("deadline_exceeded", `Cannot finish ${statement}: it ran past its time limit`);
  }
  if (UNAVAILABLE.has(error.errno)) {
    return fail(
      "statement_unavailable",
      `Cannot run ${statement}: the database does not accept it; its error is in the log`,
      { retryAfterMs: 5_000 },
    );
  }
  return fail("internal", `Cannot run ${statement}: the database answered with an error`);
}
