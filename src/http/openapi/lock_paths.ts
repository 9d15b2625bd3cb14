import { MAX_RENEWALS, WAIT_MS } from "../lock_fields.ts";
import { headerRefs } from "./components.ts";
import { object, OWNER, TOKEN, TTL } from "./lock_schemas.ts";
import { operation as operationOf } from "./operation.ts";
import { type ProblemName, problemRefs } from "./problems.ts";
import type { Schema } from "./scalar_schema.ts";

/** The tag of the locks' routes. */
export const LOCK_TAG: Schema = {
  name: "Locks",
  description: "Locks that the whole fleet shares, first come first served, with fences.",
};

const COMMON: readonly ProblemName[] = [
  "InvalidRequest",
  "Unauthenticated",
  "Forbidden",
  "Internal",
  "LockUnavailable",
];
const WITH_BODY: readonly ProblemName[] = [...COMMON, "PayloadTooLarge", "UnsupportedMediaType"];

const NAME: Schema = {
  name: "name",
  in: "path",
  required: true,
  description: "The lock's name. Names that begin with `realmgate:` are the service's own.",
  schema: { type: "string", pattern: "^[A-Za-z0-9][A-Za-z0-9._:@/-]{0,127}$" },
  example: "raid:7",
};
const EXAMPLE_TOKEN = "48a90a4a037e48c21acf869058a160b7";
const ref = (name: string): Schema => ({ $ref: `#/components/schemas/${name}` });
const parameter = (name: string): Schema => ({ $ref: `#/components/parameters/${name}` });
const json = (schema: Schema, example?: unknown): Schema => ({
  "application/json": { schema, ...(example === undefined ? {} : { example }) },
});

/** The locks' routes. */
export function lockPaths(): Schema {
  return {
    "/v1/locks/{name}": {
      parameters: [NAME],
      post: acquire(),
      put: renew(),
      delete: release(),
      get: {
        ...operation("getLock", "A lock as it is now.", { scope: "read" }),
        ...answers(200, json(ref("Lock")), COMMON),
      },
    },
    "/v1/locks": {
      get: list(),
      put: renewMany(),
    },
    "/v1/monitor/locks": {
      get: {
        ...operation("getLockStats", "What an isolate did with locks.", {
          scope: "read",
        }),
        ...answers(200, json(ref("LockStats")), ["Unauthenticated", "Forbidden", "Internal"]),
      },
    },
  };
}

function acquire(): Schema {
  return {
    ...operation("acquireLock", "Acquire a lock, waiting in line for it.", {
      scope: "write",
      description:
        "First come, first served. A client that hangs up leaves the line, and a grant " +
        "that nobody received is taken back. A retry under the same `Idempotency-Key` gets the " +
        "same grant again, with what is left of its time.",
    }),
    parameters: [
      {
        name: "Idempotency-Key",
        in: "header",
        description: "Makes a retry find the first request's grant.",
        schema: { type: "string", pattern: "^[!-~]{1,128}$" },
      },
      ...["Realmgate-Deadline-Ms", "X-Request-Id"].map(parameter),
    ],
    requestBody: {
      required: true,
      content: json(
        {
          ...object({
            ttlMs: TTL,
            waitMs: {
              type: "integer",
              minimum: WAIT_MS.min,
              maximum: WAIT_MS.max,
              default: 0,
              description: "How long to wait for it, in milliseconds.",
            },
            owner: {
              ...OWNER,
              description: "Who asks, for people; the API key's name by default.",
            },
          }, ["waitMs", "owner"]),
          additionalProperties: false,
        },
        { ttlMs: 10_000, waitMs: 2_000, owner: "world-12" },
      ),
    },
    ...answers(201, json(ref("LockGrant")), [
      ...WITH_BODY,
      "LockHeld",
      "LockLost",
      "IdempotencyKeyReused",
    ], { headers: headerRefs(["Idempotency-Replayed", "Cache-Control", "X-Request-Id"]) }),
  };
}

function renew(): Schema {
  return {
    ...operation("renewLock", "Extend a grant.", { scope: "write" }),
    requestBody: {
      required: true,
      content: json(
        { ...object({ token: TOKEN, ttlMs: TTL }), additionalProperties: false },
        { token: EXAMPLE_TOKEN, ttlMs: 10_000 },
      ),
    },
    ...answers(200, json(ref("LockGrant")), [...WITH_BODY, "LockLost"]),
  };
}

function renewMany(): Schema {
  const item = object({ name: NAME["schema"], token: TOKEN, ttlMs: TTL });
  return {
    ...operation("renewLocks", `Extend up to ${MAX_RENEWALS} grants at one instant.`, {
      scope: "write",
    }),
    requestBody: {
      required: true,
      content: json(
        {
          ...object({
            locks: {
              type: "array",
              minItems: 1,
              maxItems: MAX_RENEWALS,
              items: { ...item, additionalProperties: false },
            },
          }),
          additionalProperties: false,
        },
        { locks: [{ name: "raid:7", token: EXAMPLE_TOKEN, ttlMs: 10_000 }] },
      ),
    },
    ...answers(
      200,
      json(object({ results: { type: "array", items: ref("LockRenewal") } })),
      WITH_BODY,
    ),
  };
}

function release(): Schema {
  return {
    ...operation("releaseLock", "Give a lock up.", {
      scope: "write",
      description: 'With the grant\'s token, in the header or as a body `{"token"}`. ' +
        "`force=true` needs the admin scope, and releases whoever holds it.",
    }),
    parameters: [
      {
        name: "Realmgate-Lock-Token",
        in: "header",
        description: "The grant's token.",
        schema: TOKEN,
      },
      { name: "force", in: "query", schema: { type: "boolean", default: false } },
    ],
    ...answers(
      200,
      json(object({
        released: { type: "boolean", description: "Whether it was yours until now." },
      })),
      WITH_BODY,
    ),
  };
}

function list(): Schema {
  return {
    ...operation("listLocks", "The locks that are held.", { scope: "admin" }),
    parameters: [
      { name: "prefix", in: "query", schema: { type: "string" }, example: "raid:" },
      {
        name: "limit",
        in: "query",
        schema: { type: "integer", minimum: 1, maximum: 1_000, default: 100 },
      },
    ],
    ...answers(
      200,
      json(object({
        locks: {
          type: "array",
          items: { allOf: [object({ name: { type: "string" } }), ref("Lock")] },
        },
      })),
      COMMON,
    ),
  };
}

type Options = Omit<Parameters<typeof operationOf>[2], "tag">;

function operation(id: string, summary: string, options: Options): Schema {
  return operationOf(id, summary, { tag: "Locks", ...options });
}

function answers(
  status: 200 | 201,
  content: Schema,
  errors: readonly ProblemName[],
  more: Schema = {},
): Schema {
  return {
    responses: {
      [status]: { description: status === 201 ? "Granted." : "As asked.", ...more, content },
      ...problemRefs(errors),
    },
  };
}
