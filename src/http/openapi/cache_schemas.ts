import { ENTRY_KEY, MAX_NAME, TAG } from "../../cache/names.ts";
import { ENTRY_TTL_MS } from "../../cache/value_store.ts";
import { MAX_ENTRY_TAGS, MAX_INVALIDATED } from "../cache_fields.ts";
import { object } from "./lock_schemas.ts";
import type { Schema } from "./scalar_schema.ts";

const count = (description: string): Schema => ({ type: "integer", minimum: 0, description });

/** A key of an entry that clients put. */
export const KEY: Schema = { type: "string", maxLength: MAX_NAME, pattern: ENTRY_KEY.source };

const TAGS: Schema = {
  type: "array",
  items: { type: "string", maxLength: MAX_NAME, pattern: TAG.source },
};

/** The schemas of the caches' routes. */
export function cacheSchemas(): Schema {
  return {
    Caches: object({
      lease: {
        type: "string",
        enum: ["held", "lost"],
        description: "Whether this isolate knows what it may answer from its caches; without it " +
          "reads go to the primaries.",
      },
      doubts: count(
        "Writes of the fleet that are under way: their tags are read from the primaries.",
      ),
      caches: { type: "array", items: { $ref: "#/components/schemas/Cache" } },
    }),
    Cache: object({
      name: { type: "string" },
      entries: count("How many it has."),
      maxEntries: count("How many it may have."),
      bytes: count("About how much memory they take."),
      maxBytes: count("How much they may take."),
      ttlMs: count("How long an entry is fresh, where a statement does not say."),
      lenientMs: count("For how long it answers without the lease."),
      writable: { type: "boolean", description: "Whether clients put its entries." },
      hits: count("Answers from it."),
      stale: count("Of these, answers past their time or without the lease."),
      misses: count("Reads that it had no answer for."),
      loads: count("Queries that were made for misses."),
      joined: count("Misses that waited for the query of another one."),
      overtaken: count("Loads that a write overtook: answered, not kept."),
      bypassed: count("Reads that were answered and not kept: a write under way, or no lease."),
      evicted: {
        ...object({
          capacity: count("The cache was full."),
          expired: count("Their time was over."),
          invalidated: count("A write or a call dropped them."),
          outdated: count(
            "The lease was lost, the shard has another primary, or the statement was " +
              "replaced.",
          ),
        }),
        description: "What became of entries, by cause.",
      },
    }),
    Invalidation: {
      ...object({
        keys: {
          type: "array",
          maxItems: MAX_INVALIDATED,
          items: { type: "string", minLength: 1, maxLength: MAX_NAME },
          description:
            "Keys of this cache. Of a statement's answers, as `/v1/route` shows them: both " +
            "forms of 64-bit integers are dropped.",
        },
        tags: {
          ...TAGS,
          maxItems: MAX_INVALIDATED,
          description: "Tags: whatever has one is dropped, in every cache.",
        },
        all: { type: "boolean", description: "Whether everything in this cache is dropped." },
      }, ["keys", "tags", "all"]),
      minProperties: 1,
      additionalProperties: false,
    },
    CacheEntryPut: {
      ...object({
        value: {
          description: "Any JSON value, of at most 64 KiB; kept as the text that was sent.",
        },
        ttlMs: {
          type: "integer",
          minimum: ENTRY_TTL_MS.min,
          maximum: ENTRY_TTL_MS.max,
          description: "How long it is kept, in milliseconds; the cache's `ttl` by default.",
        },
        tags: {
          ...TAGS,
          maxItems: MAX_ENTRY_TAGS,
          description: "What drops it: invalidations, and statements that invalidate one of them.",
        },
      }, ["ttlMs", "tags"]),
      additionalProperties: false,
    },
    CacheEntry: object({
      value: { description: "The JSON value that was put." },
      ttlMs: count("What is left of its time, in milliseconds."),
    }),
  };
}
