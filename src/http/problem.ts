import type { ErrorCode } from "../core/errors.ts";
import { RealmgateError } from "../core/errors.ts";
import { InterruptedError } from "../pool/interrupted_error.ts";

/** The HTTP status of each code: the one place where a code becomes a status. */
export const STATUS: Readonly<Record<ErrorCode, number>> = {
  invalid_request: 400,
  not_supported: 400,
  unauthenticated: 401,
  forbidden: 403,
  unknown_statement: 404,
  unknown_cache: 404,
  not_found: 404,
  wrong_statement_kind: 405,
  constraint_violation: 409,
  deadlock: 409,
  lock_held: 409,
  idempotency_in_progress: 409,
  lock_lost: 410,
  stale_fence: 412,
  payload_too_large: 413,
  result_too_large: 413,
  unsupported_media_type: 415,
  idempotency_key_reused: 422,
  rate_limited: 429,
  client_closed_request: 499,
  internal: 500,
  pool_saturated: 503,
  overloaded: 503,
  shard_unavailable: 503,
  no_primary: 503,
  split_brain: 503,
  statement_unavailable: 503,
  redis_unavailable: 503,
  lock_outcome_unknown: 503,
  write_outcome_unknown: 503,
  shutting_down: 503,
  deadline_exceeded: 504,
};

/** A problem document (RFC 9457) and the headers that go with it. */
export interface Problem {
  readonly status: number;
  readonly body: Readonly<Record<string, unknown>>;
  readonly headers: Readonly<Record<string, string>>;
}

/** What a 503 and a 429 tell the caller to wait where nobody knows better. */
const DEFAULT_RETRY_AFTER_MS = 1_000;

/**
 * The problem document of any error. What is not a {@linkcode RealmgateError} becomes `internal`
 * without a word of its own text, which may quote SQL or values.
 */
export function toProblem(error: unknown, requestId: string): Problem {
  const known = toRealmgateError(error);
  const status = STATUS[known.code];
  const waits = status === 503 || status === 429;
  const retryAfterMs = known.retryAfterMs ?? (waits ? DEFAULT_RETRY_AFTER_MS : undefined);
  const headers: Record<string, string> = {
    "content-type": "application/problem+json",
    "cache-control": "no-store",
    "x-request-id": requestId,
  };
  if (waits && retryAfterMs !== undefined) {
    headers["retry-after"] = String(Math.max(1, Math.ceil(retryAfterMs / 1_000)));
  }
  if (status === 401) headers["www-authenticate"] = 'Bearer realm="realmgate"';
  // RFC 9110 asks for Allow on a 405; a statement of the wrong kind takes no method at this address.
  if (status === 405) headers["allow"] = "";
  return {
    status,
    headers,
    body: {
      type: `urn:realmgate:problem:${known.code}`,
      title: TITLES[known.code],
      status,
      code: known.code,
      detail: known.message,
      requestId,
      outcome: known.outcome,
      retry: known.retry,
      ...(retryAfterMs === undefined ? {} : { retryAfterMs }),
      ...known.extra,
    },
  };
}

/** The error as callers may see it. */
export function toRealmgateError(error: unknown): RealmgateError {
  if (error instanceof RealmgateError) return error;
  if (error instanceof InterruptedError) return fromInterruption(error);
  return new RealmgateError(
    "internal",
    "Cannot answer: something went wrong here; the log has the particulars under this requestId",
    { outcome: "unknown", cause: error },
  );
}

function fromInterruption(error: InterruptedError): RealmgateError {
  if (error.outcome === "unknown") {
    return new RealmgateError(
      "write_outcome_unknown",
      "Cannot tell whether the write was applied: its time was up and the database did not say",
      { outcome: "unknown", retry: "never", cause: error },
    );
  }
  switch (error.end) {
    case "deadline_exceeded":
      return new RealmgateError(
        "deadline_exceeded",
        "Cannot finish in time: the statement was stopped at its deadline and changed nothing",
        { cause: error },
      );
    case "client_closed":
      return new RealmgateError("client_closed_request", "The client closed the connection", {
        cause: error,
      });
    case "shutting_down":
      return new RealmgateError("shutting_down", "Cannot finish: the service is shutting down", {
        cause: error,
      });
  }
}

const TITLES: Readonly<Record<ErrorCode, string>> = {
  invalid_request: "Invalid request",
  not_supported: "Not supported",
  unauthenticated: "Not authenticated",
  forbidden: "Forbidden",
  unknown_statement: "Unknown statement",
  unknown_cache: "Unknown cache",
  not_found: "Not found",
  wrong_statement_kind: "Wrong kind of statement",
  constraint_violation: "Constraint violation",
  deadlock: "Deadlock",
  lock_held: "Lock held",
  idempotency_in_progress: "Request in progress",
  lock_lost: "Lock lost",
  stale_fence: "Stale fence",
  payload_too_large: "Payload too large",
  result_too_large: "Result too large",
  unsupported_media_type: "Unsupported media type",
  idempotency_key_reused: "Idempotency key reused",
  rate_limited: "Rate limited",
  client_closed_request: "Client closed request",
  internal: "Internal error",
  pool_saturated: "Pool saturated",
  overloaded: "Overloaded",
  shard_unavailable: "Shard unavailable",
  no_primary: "No primary",
  split_brain: "Split brain",
  statement_unavailable: "Statement unavailable",
  redis_unavailable: "Redis unavailable",
  lock_outcome_unknown: "Lock outcome unknown",
  write_outcome_unknown: "Write outcome unknown",
  shutting_down: "Shutting down",
  deadline_exceeded: "Deadline exceeded",
};
