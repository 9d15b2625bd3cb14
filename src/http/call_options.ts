import { RealmgateError } from "../core/errors.ts";
import { type Fence, FENCE_RULE, parseFence } from "../query/fence.ts";
import { parseTokens, type SessionToken, TOKEN_RULE } from "../query/session_token.ts";
import type { Consistency } from "../query/statement.ts";

/** What a request's headers say of how its statement is to run. */
export interface CallOptions {
  readonly consistency: Consistency;
  /** What the caller's session has written, as its tokens tell. */
  readonly token: SessionToken | undefined;
  /** What the caller gives it, or `undefined` for what the statement says. */
  readonly deadlineMs: number | undefined;
  /** Whether the caller wants `Server-Timing`. */
  readonly timing: boolean;
  /** How BIGINT columns are written. */
  readonly int64: "string" | "number";
  /** The fence that a write runs under. */
  readonly fence: Fence | undefined;
}

/** What the headers came with: only a single write takes a fence from them. */
export type Carrier = "read" | "write" | "batch";

const INT64_NUMBER = /;\s*int64\s*=\s*"?number"?\s*(;|,|$)/i;

/**
 * Reads the headers of a data request, and refuses those that name what is not built yet: a
 * header that was meant to protect a write must not be dropped in silence.
 *
 * @throws {RealmgateError} `not_supported`, `invalid_request`
 */
export function readCallOptions(headers: Headers, carrier: Carrier): CallOptions {
  if (headers.get("idempotency-key") !== null) throw unsupportedHeader("Idempotency-Key");
  const fence = headers.get("realmgate-fence");
  const token = headers.get("realmgate-token");
  const accept = headers.get("accept");
  return {
    consistency: readConsistency(headers.get("realmgate-consistency")),
    token: token === null ? undefined : readToken(token),
    deadlineMs: readDeadline(headers.get("realmgate-deadline-ms")),
    timing: headers.get("realmgate-timing") === "1",
    int64: accept !== null && INT64_NUMBER.test(accept) ? "number" : "string",
    fence: fence === null ? undefined : readFence(fence, carrier),
  };
}

function readFence(value: string, carrier: Carrier): Fence {
  if (carrier !== "write") {
    throw new RealmgateError(
      "not_supported",
      carrier === "batch"
        ? "Cannot run a batch under one fence: leave the header Realmgate-Fence out, and put " +
          '"fence": "lock=number" into those of its calls that need one'
        : "Cannot read under a fence: leave the header Realmgate-Fence out; it protects writes",
    );
  }
  const fence = parseFence(value);
  if (fence === undefined) throw invalidHeader("Realmgate-Fence", FENCE_RULE);
  return fence;
}

function readToken(value: string): SessionToken {
  const token = parseTokens(value);
  if (token === undefined) throw invalidHeader("Realmgate-Token", TOKEN_RULE);
  return token;
}

function readConsistency(value: string | null): Consistency {
  if (value === null || value === "eventual") return "eventual";
  if (value === "session" || value === "strong") return value;
  throw invalidHeader("Realmgate-Consistency", "must be eventual, session or strong");
}

/**
 * What a caller gives its request, in milliseconds, or `undefined` where it does not say.
 *
 * @throws {RealmgateError} `invalid_request`
 */
export function readDeadline(value: string | null): number | undefined {
  if (value === null) return undefined;
  if (!/^[1-9]\d{0,8}$/.test(value)) {
    throw invalidHeader("Realmgate-Deadline-Ms", "must be a positive number of milliseconds");
  }
  return Number(value);
}

/** What a header is refused with where it is not honoured. */
export function unsupportedHeader(header: string): RealmgateError {
  return new RealmgateError(
    "not_supported",
    `Cannot honour the header ${header}: it is not supported here; leave it out`,
  );
}

function invalidHeader(param: string, detail: string): RealmgateError {
  return new RealmgateError("invalid_request", `Cannot use the header ${param}: it ${detail}`, {
    extra: { errors: [{ param, detail }] },
  });
}
