/**
 * Every code an answer of Realmgate can carry. Codes are stable; texts are not.
 *
 * Only `src/http/` knows which HTTP status a code has.
 */
export type ErrorCode =
  | "invalid_request"
  | "not_supported"
  | "unauthenticated"
  | "forbidden"
  | "unknown_statement"
  | "unknown_cache"
  | "not_found"
  | "wrong_statement_kind"
  | "constraint_violation"
  | "deadlock"
  | "lock_held"
  | "idempotency_in_progress"
  | "lock_lost"
  | "stale_fence"
  | "payload_too_large"
  | "result_too_large"
  | "unsupported_media_type"
  | "idempotency_key_reused"
  | "rate_limited"
  | "client_closed_request"
  | "internal"
  | "pool_saturated"
  | "overloaded"
  | "shard_unavailable"
  | "no_primary"
  | "split_brain"
  | "statement_unavailable"
  | "redis_unavailable"
  | "lock_outcome_unknown"
  | "write_outcome_unknown"
  | "shutting_down"
  | "deadline_exceeded";

/** What is known of the effect of the request that failed. */
export type Outcome = "not_applied" | "applied" | "unknown";

/** Whether the caller may send the same request again. */
export type Retry = "never" | "later" | "same_key";

/** What an error carries besides its code and its text. */
export interface RealmgateErrorOptions {
  /** @default {"not_applied"} */
  readonly outcome?: Outcome;
  /** @default {"later"} for errors that pass by themselves, `"never"` for the rest. */
  readonly retry?: Retry;
  /** How long to wait before a retry, in milliseconds. */
  readonly retryAfterMs?: number;
  /** Further members of the problem document; no secrets, no row values. */
  readonly extra?: Readonly<Record<string, unknown>>;
  /** The error behind this one; logged, never sent. */
  readonly cause?: unknown;
}

const PASSING: ReadonlySet<ErrorCode> = new Set<ErrorCode>([
  "deadlock",
  "lock_held",
  "idempotency_in_progress",
  "rate_limited",
  "pool_saturated",
  "overloaded",
  "shard_unavailable",
  "no_primary",
  "split_brain",
  "statement_unavailable",
  "redis_unavailable",
  "shutting_down",
  "deadline_exceeded",
]);

/**
 * An error that a caller can act on: `code` to branch on, `message` that says what to do.
 *
 * @example
 * ```ts
 * import { RealmgateError } from "./errors.ts";
 * import { assertEquals } from "@std/assert";
 *
 * const error = new RealmgateError("pool_saturated", "Cannot lend a connection: 16 callers wait");
 * assertEquals([error.outcome, error.retry], ["not_applied", "later"]);
 * ```
 */
export class RealmgateError extends Error {
  override readonly name = "RealmgateError";
  readonly code: ErrorCode;
  readonly outcome: Outcome;
  readonly retry: Retry;
  readonly retryAfterMs: number | undefined;
  readonly extra: Readonly<Record<string, unknown>> | undefined;

  constructor(code: ErrorCode, message: string, options: RealmgateErrorOptions = {}) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.code = code;
    this.outcome = options.outcome ?? "not_applied";
    this.retry = options.retry ??
      (PASSING.has(code) && this.outcome === "not_applied" ? "later" : "never");
    this.retryAfterMs = options.retryAfterMs;
    this.extra = options.extra;
  }
}
