import { RealmgateError } from "../core/errors.ts";
import type { AttemptResult } from "./lock_store.ts";

/** What a caller is told of an attempt that was not granted. */
export function refusalOf(
  result: Exclude<AttemptResult, { readonly kind: "granted" }>,
): RealmgateError {
  switch (result.kind) {
    case "held": {
      const { owner, waiters } = result;
      const remainingMs = Math.max(0, Math.ceil(result.leftMs));
      return new RealmgateError("lock_held", "Cannot acquire the lock: it is held", {
        extra: { owner, remainingMs, waiters },
      });
    }
    case "over":
      return new RealmgateError(
        "lock_lost",
        "Cannot replay the grant: the one under this Idempotency-Key was released or is over; " +
          "acquire again with a new key",
      );
    case "reused":
      return new RealmgateError(
        "idempotency_key_reused",
        "Cannot acquire the lock: this Idempotency-Key was used with another ttlMs or owner",
      );
    case "full":
      return new RealmgateError(
        "overloaded",
        "Cannot wait for the lock: its queue is full",
        { retryAfterMs: 1_000 },
      );
    case "queued":
    case "withdrawn":
      return new RealmgateError(
        "lock_outcome_unknown",
        "Cannot acquire the lock: it took too long",
        {
          retry: "later",
          retryAfterMs: 1_000,
        },
      );
  }
}

/** The grant came too late to be of use; it is taken back. */
export function tooLate(): RealmgateError {
  return new RealmgateError(
    "redis_unavailable",
    "Cannot hand the lock out: the grant took longer than it could be relied on, and is taken back",
    { retryAfterMs: 1_000 },
  );
}
