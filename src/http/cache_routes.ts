import type { Context } from "hono";
import type { Cache, CacheConfig } from "../cache/cache.ts";
import type { KeptValue } from "../cache/kept_values.ts";
import { ENTRY_KEY_RULE, isEntryKey, keyTag, wholeTag } from "../cache/names.ts";
import { RealmgateError } from "../core/errors.ts";
import { NUMBERS } from "../query/compiled_statement.ts";
import { audited } from "./audited.ts";
import { invalidFields } from "./body_fields.ts";
import { type Invalidation, readEntry, readInvalidation } from "./cache_fields.ts";
import { readCallOptions } from "./call_options.ts";
import type { Parts } from "./parts.ts";
import { authorize, inScope, jsonAnswer, jsonBody, plainCall } from "./plain_call.ts";
import { readJsonText } from "./read_body.ts";
import { settled } from "./redis_failure.ts";
import { sentRequestId } from "./request_id.ts";
import { hasTag } from "./statement_routes.ts";

/** `GET /v1/caches`: the caches of the answering isolate, and what they did since it started. */
export function getCaches(parts: Parts): (c: Context) => Response {
  return (c) => {
    authorize(parts, c.req.raw, "read");
    return jsonAnswer(200, parts.caches.stats(), c.req.raw.headers);
  };
}

/** `POST /v1/caches/{cache}/invalidate`: drops keys, tags or all, here at once, then everywhere. */
export function invalidateCache(parts: Parts): (c: Context) => Promise<Response> {
  return (c) =>
    plainCall(parts, c, async (scope) => {
      const request = c.req.raw;
      const { name: by, scopes } = authorize(parts, request, "write");
      const { config } = cacheOf(parts, c);
      const asked = readInvalidation(await jsonBody(parts, request, scope), config);
      const invalidate = async () => {
        const tags = tagsOf(config, asked);
        const dropped = parts.caches.bus.drop({ tags, place: undefined }, scope.trace);
        await settled(scope, dropped, {
          what: "tell the fleet what to drop",
          changes: true,
          hint:
            ". It is dropped in the isolate that answers; others that Redis is away for as well " +
            "stop answering from their caches within 2 s. Send it again",
        });
        return { invalidated: asked.keys.length + asked.tags.length + (asked.all ? 1 : 0) };
      };
      // Game servers drop what they have changed, all the time; that is no action of an operator.
      if (!scopes.has("admin")) return await invalidate();
      const action = { by, action: "cache.invalidate", target: config.name } as const;
      return await audited(parts, { ...action, describe: () => describe(asked) }, invalidate);
    });
}

/** How much was named; keys and tags may hold what nobody should read in a log. */
function describe({ keys, tags, all }: Invalidation): string {
  return all ? "all of it" : `${keys.length} keys, ${tags.length} tags`;
}

/** `GET /v1/caches/{cache}/entries/{key}`: an entry that a client put. */
export function getEntry(parts: Parts): (c: Context) => Response | Promise<Response> {
  return (c) => {
    const request = c.req.raw;
    authorize(parts, request, "read");
    const { consistency } = readCallOptions(request.headers, "read");
    const cache = writableCache(parts, c);
    const key = entryKey(c);
    const found = consistency === "eventual" ? parts.values.find(cache, key) : undefined;
    if (found !== undefined) return entryAnswer(found, request.headers);
    return inScope(parts, request, async (scope) => {
      const read = parts.values.within(scope.trace).read(cache, key);
      const value = await settled(scope, read, { what: "read the entry", changes: false });
      if (value !== undefined) return entryAnswer(value, request.headers);
      throw new RealmgateError(
        "not_found",
        "Cannot find an entry of this key: none was put, it is over, or it was dropped",
      );
    });
  };
}

/** `PUT /v1/caches/{cache}/entries/{key}`: puts an entry for the whole fleet. */
export function putEntry(parts: Parts): (c: Context) => Promise<Response> {
  const { limits: { bodyBytes: maxBytes }, reads } = parts;
  return (c) =>
    plainCall(parts, c, async (scope) => {
      const request = c.req.raw;
      authorize(parts, request, "write");
      const cache = writableCache(parts, c);
      const key = entryKey(c);
      const body = await readJsonText(request, { maxBytes, scope, reads });
      const entry = readEntry(body, { key, cache: cache.config });
      const put = parts.values.within(scope.trace).put(cache, entry);
      await settled(scope, put, { what: "put the entry", changes: true });
      return { ttlMs: entry.ttlMs };
    });
}

/** `DELETE /v1/caches/{cache}/entries/{key}`: takes an entry out for the whole fleet. */
export function deleteEntry(parts: Parts): (c: Context) => Promise<Response> {
  return (c) =>
    plainCall(parts, c, async (scope) => {
      const request = c.req.raw;
      authorize(parts, request, "write");
      const cache = writableCache(parts, c);
      const taken = parts.values.within(scope.trace).delete(cache, entryKey(c));
      return { deleted: await settled(scope, taken, { what: "delete the entry", changes: true }) };
    });
}

/** Answers of statements have two keys, by how they write 64-bit integers. */
function tagsOf({ name, writable }: CacheConfig, { keys, tags, all }: Invalidation): string[] {
  const own = keys.flatMap((key) => {
    if (writable) return [keyTag(name, key)];
    const plain = key.endsWith(NUMBERS) ? key.slice(0, -NUMBERS.length) : key;
    return [keyTag(name, plain), keyTag(name, plain + NUMBERS)];
  });
  return [...own, ...tags, ...(all ? [wholeTag(name)] : [])];
}

function cacheOf(parts: Parts, c: Context): Cache {
  const cache = parts.caches.get(c.req.param("cache") ?? "");
  if (cache !== undefined) return cache;
  throw new RealmgateError("unknown_cache", "Cannot find a cache of this name");
}

function writableCache(parts: Parts, c: Context): Cache {
  const cache = cacheOf(parts, c);
  if (cache.config.writable) return cache;
  throw new RealmgateError(
    "not_supported",
    `Cannot use entries of ${cache.config.name}: it keeps what statements answer; only caches that ` +
      "are declared writable have entries of clients",
  );
}

function entryKey(c: Context): string {
  const key = c.req.param("key") ?? "";
  if (isEntryKey(key)) return key;
  throw invalidFields([{ param: "key", detail: ENTRY_KEY_RULE }]);
}

/** The ETag is weak: what is left of the time differs from answer to answer. */
function entryAnswer({ value, leftMs, etag, source }: KeptValue, sent: Headers): Response {
  const response = hasTag(sent.get("if-none-match"), etag)
    ? new Response(null, { status: 304 })
    : new Response(`{"value":${value},"ttlMs":${leftMs}}`, {
      headers: { "content-type": "application/json" },
    });
  const { headers } = response;
  headers.set("cache-control", "private, no-cache");
  headers.set("realmgate-source", source);
  headers.set("etag", `W/${etag}`);
  const id = sentRequestId(sent);
  if (id !== undefined) headers.set("x-request-id", id);
  return response;
}
