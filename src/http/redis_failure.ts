import { RealmgateError } from "../core/errors.ts";
import type { Scope } from "../core/scope.ts";
import { EndedError, untilEnd } from "../core/until_end.ts";

/** What was to be done, for the error of its failure. */
export interface RedisAction {
  /** Ends "Cannot …". */
  readonly what: string;
  /** Whether it changes anything. All that does may be sent again: it changes the same twice. */
  readonly changes: boolean;
  /** What to know where Redis is away. */
  readonly hint?: string;
}

/**
 * What an operation in Redis yields, for as long as its caller waits.
 *
 * @throws {RealmgateError} `redis_unavailable`, and what the scope's end is told by
 */
export async function settled<T>(scope: Scope, work: Promise<T>, action: RedisAction): Promise<T> {
  try {
    return await untilEnd(scope, work);
  } catch (error) {
    throw redisFailure(error, action);
  }
}

/** What the caller is told of a failure of Redis, or of its scope's end. */
function redisFailure(error: unknown, action: RedisAction): unknown {
  const { what, changes, hint = "" } = action;
  const more = {
    outcome: changes ? "unknown" : "not_applied",
    retry: "later",
    cause: error,
  } as const;
  if (error instanceof EndedError) {
    switch (error.end) {
      case "client_closed":
        return new RealmgateError("client_closed_request", "The client closed the connection", {
          outcome: more.outcome,
        });
      case "shutting_down":
        return new RealmgateError(
          "shutting_down",
          `Cannot ${what}: the service is shutting down`,
          more,
        );
      case "deadline_exceeded":
        return new RealmgateError("deadline_exceeded", `Cannot ${what} in time`, more);
    }
  }
  if (!(error instanceof RealmgateError) || error.code !== "redis_unavailable") return error;
  const { outcome, retryAfterMs = 1_000 } = error;
  const sure = outcome === "not_applied" || !changes;
  return new RealmgateError(
    "redis_unavailable",
    sure
      ? `Cannot ${what}: Redis gives no good answer${hint}`
      : `Cannot ${what} for certain: Redis did not answer in time, and may have done it${hint}`,
    { ...more, outcome: sure ? "not_applied" : "unknown", retryAfterMs },
  );
}
