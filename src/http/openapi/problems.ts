import { type ErrorCode, RealmgateError } from "../../core/errors.ts";
import { STATUS, toProblem } from "../problem.ts";
import type { Schema } from "./scalar_schema.ts";

/** What each code means and what to do about it, for those that this build can answer with. */
const MEANINGS = {
  invalid_request: "A parameter, a header or the body is wrong; `errors` names each.",
  not_supported: "The request names a feature that this build does not have; leave it out.",
  unauthenticated: "There is no `Authorization: Bearer <key>`, or its key is not known.",
  forbidden: "The key lacks the scope that this call needs.",
  unknown_statement: "No statement has this name.",
  unknown_cache: "No cache has this name.",
  not_found: "There is no such entry, or none any more; or no such partitioned table or node is " +
    "configured.",
  wrong_statement_kind: "Reads are called at `/v1/query`, writes at `/v1/exec`.",
  constraint_violation: "A value breaks a rule of the schema; `constraint` names it.",
  deadlock: "Another call held the same rows; send it again.",
  stale_fence: "The lock had another holder since, whose write this shard has seen; nothing was " +
    "written. Stop: the lock is lost.",
  payload_too_large: "The body is larger than the service takes.",
  result_too_large: "The answer has more rows or bytes than allowed; ask for less.",
  unsupported_media_type: "The body must be uncompressed `application/json`.",
  internal: "Something went wrong in the service; its log has the particulars under `requestId`.",
  overloaded: "Too many requests are under way here; wait for `Retry-After`.",
  pool_saturated:
    "Every database connection is busy and the queue is full; wait for `Retry-After`.",
  shard_unavailable: "No database of the shard can be reached.",
  no_primary: "The shard has no writable database at the moment; nothing was written.",
  split_brain: "The shard has two writable databases; writes are refused until one is left.",
  statement_unavailable: "The statement cannot run at the moment, or not in this build.",
  lock_held: "Somebody else holds the lock: `owner`, for `remainingMs`; `waiters` are in line.",
  lock_lost: "The grant expired or was released; stop what you do under it.",
  lock_outcome_unknown:
    "Redis did not answer in time: do not rely on the lock. An acquire's grant is taken back.",
  redis_unavailable:
    "Redis cannot be reached at the moment; `outcome` says whether anything may have been done.",
  idempotency_key_reused: "The `Idempotency-Key` was used with another request.",
  write_outcome_unknown:
    "The write was sent and not answered; read the row before sending it again.",
  shutting_down: "This instance is stopping; send the request again.",
  deadline_exceeded: "The call did not finish in time; it was stopped.",
} as const satisfies Partial<Record<ErrorCode, string>>;

type Code = keyof typeof MEANINGS;

const UNAVAILABLE: readonly Code[] = [
  "overloaded",
  "pool_saturated",
  "shard_unavailable",
  "no_primary",
  "split_brain",
  "statement_unavailable",
  "shutting_down",
];

/** The shared error responses: the codes of each have one status. */
const RESPONSES = {
  InvalidRequest: ["invalid_request", "not_supported"],
  Unauthenticated: ["unauthenticated"],
  Forbidden: ["forbidden"],
  UnknownStatement: ["unknown_statement"],
  UnknownCache: ["unknown_cache"],
  NoEntry: ["not_found", "unknown_cache"],
  NoPartitionedTable: ["not_found"],
  NoNode: ["not_found"],
  Conflict: ["constraint_violation", "deadlock"],
  StaleFence: ["stale_fence"],
  PayloadTooLarge: ["payload_too_large"],
  ResultTooLarge: ["result_too_large"],
  TooLarge: ["payload_too_large", "result_too_large"],
  UnsupportedMediaType: ["unsupported_media_type"],
  Internal: ["internal"],
  ReadUnavailable: UNAVAILABLE,
  WriteUnavailable: [...UNAVAILABLE, "write_outcome_unknown"],
  StatementUnavailable: ["statement_unavailable"],
  BatchUnavailable: ["overloaded", "shutting_down"],
  DeadlineExceeded: ["deadline_exceeded"],
  LockHeld: ["lock_held"],
  LockLost: ["lock_lost"],
  LockUnavailable: ["redis_unavailable", "lock_outcome_unknown", "overloaded", "shutting_down"],
  CacheUnavailable: ["redis_unavailable", "overloaded", "shutting_down"],
  RedisUnavailable: ["redis_unavailable", "overloaded", "shutting_down"],
  IdempotencyKeyReused: ["idempotency_key_reused"],
} as const satisfies Record<string, readonly Code[]>;

/** A shared error response's name. */
export type ProblemName = keyof typeof RESPONSES;

/** `responses` entries of an operation for the named errors, by status. */
export function problemRefs(names: readonly ProblemName[]): Schema {
  return Object.fromEntries(
    names.map((name) => [
      String(STATUS[RESPONSES[name][0]]),
      { $ref: `#/components/responses/${name}` },
    ]),
  );
}

/** The problems of `components.responses`. */
export function problemResponses(): Schema {
  return Object.fromEntries(
    Object.entries(RESPONSES).map(([name, codes]) => [name, problemResponse(codes)]),
  );
}

/** The problem document of RFC 9457 with Realmgate's own members. */
export function problemSchema(): Schema {
  return {
    type: "object",
    description: "A problem document (RFC 9457). Branch on `code`; the texts may change.",
    required: ["type", "title", "status", "code", "detail", "requestId", "outcome", "retry"],
    properties: {
      type: { type: "string", examples: ["urn:realmgate:problem:pool_saturated"] },
      title: { type: "string" },
      status: { type: "integer", minimum: 400, maximum: 599 },
      code: { type: "string", enum: Object.keys(MEANINGS), description: "Stable; branch on it." },
      detail: { type: "string", description: "What was wrong and what to do, for people." },
      requestId: { type: "string", description: "As in `X-Request-Id`." },
      outcome: {
        type: "string",
        enum: ["not_applied", "applied", "unknown"],
        description: "What is known of the request's effect.",
      },
      retry: {
        type: "string",
        enum: ["never", "later", "same_key"],
        description: "Whether the same request may be sent again.",
      },
      retryAfterMs: { type: "integer", minimum: 0 },
      errors: {
        type: "array",
        description: "With `invalid_request`: each fault.",
        items: {
          type: "object",
          required: ["param", "detail"],
          properties: { param: { type: "string" }, detail: { type: "string" } },
        },
      },
      constraint: {
        type: "object",
        description: "With `constraint_violation`: the rule that was broken.",
        required: ["kind", "name"],
        properties: {
          kind: {
            type: "string",
            enum: ["unique", "foreign_key", "check", "not_null", "range", "length", "type"],
          },
          name: {
            type: "string",
            description: "The key's, constraint's or column's, or what a trigger's SIGNAL says.",
          },
        },
      },
      owner: { type: ["string", "null"], description: "With `lock_held`: who holds it." },
      remainingMs: { type: "integer", minimum: 0, description: "With `lock_held`: for how long." },
      waiters: { type: "integer", minimum: 0, description: "With `lock_held`: how many wait." },
      lock: { type: "string", description: "With `stale_fence`: the lock." },
      fence: { type: "string", description: "With `stale_fence`: the number that was sent." },
      newest: {
        type: "string",
        description: "With `stale_fence`: the newest number that the shard has seen.",
      },
      scope: { type: "string", description: "With `forbidden`: the scope that is missing." },
    },
  };
}

function problemResponse(codes: readonly Code[]): Schema {
  const status = STATUS[codes[0] ?? "internal"];
  const header = (name: string) => ({ $ref: `#/components/headers/${name}` });
  return {
    description: codes.map((code) => `\`${code}\`: ${MEANINGS[code]}`).join("\n\n"),
    headers: {
      "X-Request-Id": header("X-Request-Id"),
      ...(status === 503 ? { "Retry-After": header("Retry-After") } : {}),
      ...(status === 401 ? { "WWW-Authenticate": header("WWW-Authenticate") } : {}),
    },
    content: {
      "application/problem+json": {
        schema: { $ref: "#/components/schemas/Problem" },
        examples: Object.fromEntries(codes.map((code) => [code, { value: example(code) }])),
      },
    },
  };
}

function example(code: Code): unknown {
  const unknown = code === "write_outcome_unknown" || code === "lock_outcome_unknown";
  const error = new RealmgateError(
    code,
    MEANINGS[code].replaceAll("`", ""),
    unknown
      ? { outcome: "unknown", retry: code === "lock_outcome_unknown" ? "later" : "never" }
      : {},
  );
  return toProblem(error, "3b1f8c1e-9c50-4f0a-8f52-0b6a7d6c2f11").body;
}
