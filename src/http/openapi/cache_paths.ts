import { KEY } from "./cache_schemas.ts";
import { headerRefs } from "./components.ts";
import { object } from "./lock_schemas.ts";
import { operation as operationOf } from "./operation.ts";
import { type ProblemName, problemRefs } from "./problems.ts";
import type { Schema } from "./scalar_schema.ts";

/** The tag of the caches' routes. */
export const CACHE_TAG: Schema = {
  name: "Caches",
  description: "Caches that are coherent in the whole fleet: what statements answer, and entries " +
    "that clients put.",
};

const COMMON: readonly ProblemName[] = ["Unauthenticated", "Forbidden", "Internal"];
const WITH_REDIS: readonly ProblemName[] = [
  ...COMMON,
  "InvalidRequest",
  "CacheUnavailable",
  "DeadlineExceeded",
];
const WITH_BODY: readonly ProblemName[] = ["PayloadTooLarge", "UnsupportedMediaType"];

const CACHE: Schema = {
  name: "cache",
  in: "path",
  required: true,
  description: "The cache's name, as it is configured.",
  schema: { type: "string", maxLength: 63 },
};
const ENTRY_KEY: Schema = {
  name: "key",
  in: "path",
  required: true,
  description: "The entry's key, URL-encoded.",
  schema: KEY,
  example: "eu/raid:7",
};
const EXAMPLE = { value: { boss: 5, players: ["42", "43"] }, ttlMs: 60_000, tags: ["player:42"] };

const ref = (name: string): Schema => ({ $ref: `#/components/schemas/${name}` });
const parameters = (...names: readonly string[]): Schema => ({
  parameters: names.map((name) => ({ $ref: `#/components/parameters/${name}` })),
});
const json = (schema: Schema, example?: unknown): Schema => ({
  "application/json": { schema, ...(example === undefined ? {} : { example }) },
});
const CALLER = ["Realmgate-Deadline-Ms", "X-Request-Id"] as const;

/** The caches' routes. */
export function cachePaths(): Schema {
  return {
    "/v1/caches": {
      get: {
        ...operation("getCaches", "What the answering isolate's caches have and did.", {
          scope: "read",
          description:
            "A process has several isolates, each with caches of its own; the counters " +
            "are those of the one that answers, since it started.",
        }),
        ...answers(json(ref("Caches")), COMMON),
      },
    },
    "/v1/caches/{cache}/invalidate": {
      parameters: [{ ...CACHE, example: "players" }],
      post: invalidate(),
    },
    "/v1/caches/{cache}/entries/{key}": {
      parameters: [{ ...CACHE, example: "matches" }, ENTRY_KEY],
      get: get(),
      put: put(),
      delete: {
        ...operation("deleteCacheEntry", "Take an entry out, in the whole fleet.", {
          scope: "write",
        }),
        ...parameters(...CALLER),
        ...answers(
          json(object({
            deleted: { type: "boolean", description: "Whether there was one." },
          })),
          [...WITH_REDIS, "UnknownCache"],
        ),
      },
    },
  };
}

function invalidate(): Schema {
  return {
    ...operation("invalidateCache", "Drop what caches have, in the whole fleet.", {
      scope: "write",
      description:
        "It answers once the drop is published: the isolate that answers has dropped it " +
        "then, the others do within tens of milliseconds. What is read after that is not older than " +
        "the call.\n\nTags belong to the fleet: they drop what has them in **every** cache, " +
        "whichever is named here.",
    }),
    ...parameters(...CALLER),
    requestBody: {
      required: true,
      content: json(ref("Invalidation"), { tags: ["player:42"] }),
    },
    ...answers(
      json(object({
        invalidated: {
          type: "integer",
          minimum: 1,
          description:
            "How many different keys and tags were published, and 1 for `all`; not how " +
            "many entries had them.",
        },
      })),
      [...WITH_REDIS, ...WITH_BODY, "UnknownCache"],
    ),
  };
}

function get(): Schema {
  return {
    ...operation("getCacheEntry", "An entry that a client put.", {
      scope: "read",
      description:
        "`Realmgate-Source` says whether the isolate had it (`cache`), had it and cannot " +
        "know whether it is the newest (`stale`, in lenient caches only), or read it from `redis`. " +
        "With `Realmgate-Consistency: strong` or `session` it is always read from Redis.",
    }),
    ...parameters("If-None-Match", "Realmgate-Consistency", ...CALLER),
    responses: {
      200: {
        description: "As it was put.",
        headers: headerRefs(["Cache-Control", "ETag", "Realmgate-Source", "X-Request-Id"]),
        content: json(ref("CacheEntry"), { value: EXAMPLE.value, ttlMs: 41_250 }),
      },
      304: { $ref: "#/components/responses/NotModified" },
      ...problemRefs([...WITH_REDIS, "NoEntry"]),
    },
  };
}

function put(): Schema {
  return {
    ...operation("putCacheEntry", "Put an entry, for the whole fleet.", {
      scope: "write",
      description:
        "It takes the place of what was there; the answer is the same whether there was " +
        "any. Whoever reads through the isolate that answered reads nothing older from then on, " +
        "others within tens of milliseconds. While a statement's write that invalidates one of the " +
        "tags is under way the entry counts as none, and that write drops it when it ends.",
    }),
    ...parameters(...CALLER),
    requestBody: { required: true, content: json(ref("CacheEntryPut"), EXAMPLE) },
    ...answers(
      json(
        object({
          ttlMs: { type: "integer", minimum: 1, description: "How long it is kept." },
        }),
        { ttlMs: EXAMPLE.ttlMs },
      ),
      [...WITH_REDIS, ...WITH_BODY, "UnknownCache"],
    ),
  };
}

type Options = Omit<Parameters<typeof operationOf>[2], "tag">;

function operation(id: string, summary: string, options: Options): Schema {
  return operationOf(id, summary, { tag: "Caches", ...options });
}

function answers(content: Schema, errors: readonly ProblemName[]): Schema {
  return {
    responses: { 200: { description: "As asked.", content }, ...problemRefs(errors) },
  };
}
