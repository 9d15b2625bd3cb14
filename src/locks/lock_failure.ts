import { RealmgateError } from "../core/errors.ts";
import { EndedError } from "../core/until_end.ts";

/** A failure after which an attempt may be queued or granted: it must be taken back. */
export class UnsettledError extends Error {
  override readonly name = "UnsettledError";

  constructor(cause: unknown) {
    super("Cannot leave the attempt as it is: it must be taken back", { cause });
  }
}

/** Whether an attempt may have an effect, though it failed. */
export function mayHaveEffect(error: unknown): boolean {
  return error instanceof EndedError || error instanceof UnsettledError || isLost(error);
}

/**
 * What the caller of a lock's operation is told of a failure of Redis, or of the end of its scope,
 * once something may have been sent.
 *
 * @param retry what a caller may do where the outcome is unknown
 */
export function lockFailure(error: unknown, retry: "later" | "same_key" = "later"): unknown {
  if (error instanceof UnsettledError) return lockFailure(error.cause, retry);
  if (error instanceof EndedError) {
    switch (error.end) {
      case "client_closed":
        return new RealmgateError("client_closed_request", "The client closed the connection");
      case "shutting_down":
        return new RealmgateError(
          "shutting_down",
          "Cannot finish: the service is shutting down; nothing was granted",
        );
      case "deadline_exceeded":
        return unknown(error, retry);
    }
  }
  return isLost(error) ? unknown(error, retry) : error;
}

/** Whether a command was sent to Redis and not answered. */
function isLost(error: unknown): boolean {
  return error instanceof RealmgateError && error.code === "redis_unavailable" &&
    error.outcome === "unknown";
}

function unknown(cause: unknown, retry: "later" | "same_key"): RealmgateError {
  return new RealmgateError(
    "lock_outcome_unknown",
    "Cannot tell what became of the lock: Redis did not answer in time; do not rely on it, and send " +
      "the request again",
    { outcome: "unknown", retry, retryAfterMs: 1_000, cause },
  );
}
