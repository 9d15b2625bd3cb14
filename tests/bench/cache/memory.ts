/**
 * Fills one cache past its byte limit and prints, as JSON, what it says that its entries take beside
 * what the isolate's memory grew by. Needs `--v8-flags=--expose-gc`.
 *
 * Arguments: entries that fit, characters of each body, `wide` for bodies beyond Latin-1.
 */
import { Cache } from "../../../src/cache/cache.ts";
import { CacheEntry } from "../../../src/cache/cache_entry.ts";
import { Era } from "../../../src/cache/era.ts";
import { TagIndex } from "../../../src/cache/tag_index.ts";
import { systemClock } from "../../../src/core/clock.ts";
import { etagOf } from "../../../src/cache/etag.ts";

const [entries, length, wide] = [Number(Deno.args[0]), Number(Deno.args[1]), Deno.args[2]];
const collect: unknown = Reflect.get(globalThis, "gc");
if (typeof collect !== "function") throw new TypeError("Cannot measure: run with --expose-gc");

function used(): number {
  for (let round = 0; round < 3; round++) (collect as () => void)();
  const { heapUsed, external } = Deno.memoryUsage();
  return heapUsed + external;
}

const tags = new TagIndex<CacheEntry>();
const era = new Era();
const owner = {};
const decoder = new TextDecoder();
const encoder = new TextEncoder();

function entryOf(id: number, cache: Cache): CacheEntry {
  const name = wide === undefined ? "player" : "игрок";
  const text = `{"data":{"id":"${id}","name":"${name}-${id}","notes":"`;
  // As from a driver: texts of their own, not slices of each other.
  const body = decoder.decode(encoder.encode(`${text.padEnd(length - 3, "x")}"}}`));
  const key = decoder.decode(encoder.encode(`player.get?playerId=${id}`));
  const tag = decoder.decode(encoder.encode(`player:${id}`));
  const [freshUntil, staleUntil] = [1e9 + id * 1.5, 2e9 + id * 1.5];
  return new CacheEntry({
    cache,
    key,
    owner,
    body,
    etag: etagOf(body),
    tags: [tag],
    shard: "s1",
    era,
    freshUntil,
    staleUntil,
  });
}

function cacheOf(maxBytes: number): Cache {
  return new Cache({
    name: "players",
    maxEntries: entries * 2,
    maxBytes,
    ttlMs: 30_000,
    negativeTtlMs: 5_000,
    swrMs: 0,
    lenientMs: 0,
    writable: false,
  }, { clock: systemClock, tags });
}

const probe = cacheOf(1e9);
const maxBytes = entryOf(100_000, probe).bytes * entries;
const before = used();
const cache = cacheOf(maxBytes);
for (let id = 100_000; id < 100_000 + entries * 1.5; id++) cache.put(entryOf(id, cache));
const grown = used() - before;
console.log(JSON.stringify({
  entries: cache.size,
  limit: maxBytes,
  said: cache.bytes,
  grown,
  ratio: Number((grown / maxBytes).toFixed(3)),
}));
