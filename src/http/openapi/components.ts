import { problemResponses, problemSchema } from "./problems.ts";
import type { Schema } from "./scalar_schema.ts";

/** A fence's text. */
export const FENCE_PATTERN = "^[A-Za-z0-9][A-Za-z0-9._:@/-]{0,127}=[1-9][0-9]{0,18}$";

/** The request headers that statement calls take. */
const PARAMETERS = {
  "Realmgate-Consistency": {
    description: "`eventual` may read a replica; `session` reads nothing older than " +
      "`Realmgate-Token`; `strong` reads the primary. The statement may ask for more on its own.",
    schema: { type: "string", enum: ["eventual", "session", "strong"], default: "eventual" },
  },
  "Realmgate-Token": {
    description: "Tokens of earlier writes' answers, one or up to 16 with commas between them: " +
      "what a session read must show. A write answers with what they tell of and its own.",
    schema: { type: "string", maxLength: 65_567, pattern: "^[A-Za-z0-9]+( *, *[A-Za-z0-9]+)*$" },
  },
  "Realmgate-Deadline-Ms": {
    description: "How long the caller waits; it can only shorten the statement's own limit.",
    schema: { type: "integer", minimum: 1, maximum: 999_999_999 },
  },
  "Realmgate-Timing": {
    description: "`1` asks for the response header `Server-Timing`.",
    schema: { type: "string", enum: ["1"] },
  },
  "Realmgate-Fence": {
    description: "`lock=number`: the write is refused once a newer fence of the lock was used on " +
      "its shard.",
    schema: { type: "string", maxLength: 148, pattern: FENCE_PATTERN },
  },
  "If-None-Match": {
    description:
      "The `ETag` of an answer that the caller has: if it is still the same, the answer " +
      "is 304 without a body.",
    schema: { type: "string" },
  },
  "X-Request-Id": {
    description: "The caller's id of the request, echoed; printable ASCII.",
    schema: { type: "string", maxLength: 128, pattern: "^[!-~]{1,128}$" },
  },
} as const;

const HEADERS = {
  "Realmgate-Token": {
    description:
      "After a write: what a session read must show, to be sent back as it is; opaque, " +
      "at most 4 kB.",
    schema: { type: "string", maxLength: 4_096 },
  },
  "X-Request-Id": {
    description: "The request's own id where it sent one; on errors always.",
    schema: { type: "string" },
  },
  "Realmgate-Source": {
    description: "Which kind of database answered, or a cache: `stale` where it may not have the " +
      "newest. `redis`: an entry that a client put, from where it lives.",
    schema: { type: "string", enum: ["cache", "stale", "replica", "primary", "redis"] },
  },
  "ETag": {
    description: "The same as long as the answer is; to be sent as `If-None-Match`.",
    schema: { type: "string" },
  },
  "Realmgate-Shard": {
    description: "The shard that answered; of several their names, with commas.",
    schema: { type: "string" },
  },
  "Server-Timing": {
    description: "Where the time went, if `Realmgate-Timing: 1` asked for it.",
    schema: { type: "string" },
  },
  "Idempotency-Replayed": {
    description: "`true` where an earlier request under the same key had this answer.",
    schema: { type: "string", enum: ["true"] },
  },
  "Cache-Control": {
    description: "Whether the answer may be kept.",
    schema: { type: "string" },
  },
  "Retry-After": {
    description: "Seconds to wait; `retryAfterMs` of the body is finer.",
    schema: { type: "integer", minimum: 0 },
  },
  "WWW-Authenticate": { schema: { type: "string" }, description: "`Bearer`." },
} as const;

const NOT_MODIFIED: Schema = {
  description: "The answer is the one that `If-None-Match` names.",
  headers: headerRefs(["Cache-Control", "ETag", "Realmgate-Source", "X-Request-Id"]),
};

/** `components` as every document has them; `schemas` are added to its own. */
export function components(schemas: Schema): Schema {
  return {
    securitySchemes: {
      apiKey: {
        type: "http",
        scheme: "bearer",
        description: "An API key of the configuration, sent as `Authorization: Bearer <key>`.",
      },
    },
    parameters: Object.fromEntries(
      Object.entries(PARAMETERS).map(([name, rest]) => [name, { name, in: "header", ...rest }]),
    ),
    headers: HEADERS,
    responses: { NotModified: NOT_MODIFIED, ...problemResponses() },
    schemas: { Problem: problemSchema(), ...schemas },
  };
}

/**
 * References to the request headers that a statement call takes: only writes take a fence, and only
 * reads by GET of a cached statement what the caller has.
 */
export function callParameters(
  options: { readonly writes: boolean; readonly cachedGet: boolean },
): readonly Schema[] {
  const { writes, cachedGet } = options;
  return Object.keys(PARAMETERS)
    .filter((name) => writes || name !== "Realmgate-Fence")
    .filter((name) => cachedGet || name !== "If-None-Match")
    .map((name) => ({ $ref: `#/components/parameters/${name}` }));
}

/** References to shared response headers. */
export function headerRefs(names: readonly (keyof typeof HEADERS)[]): Schema {
  return Object.fromEntries(names.map((name) => [name, { $ref: `#/components/headers/${name}` }]));
}

/** What a call of a statement answers with beside its body. */
export const CALL_HEADERS = [
  "Cache-Control",
  "Realmgate-Shard",
  "Realmgate-Source",
  "Server-Timing",
  "X-Request-Id",
] as const;
