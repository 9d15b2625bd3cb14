import { Cache, type CacheConfig } from "../../src/cache/cache.ts";
import { CacheEntry, type CacheEntryOptions } from "../../src/cache/cache_entry.ts";
import { Era } from "../../src/cache/era.ts";
import { SharedLoad, type SharedLoadOptions } from "../../src/cache/shared_load.ts";
import { TagIndex } from "../../src/cache/tag_index.ts";
import type { ScopeWatch } from "../../src/core/scope.ts";
import { ManualClock } from "../support/manual_clock.ts";

/** A cache with what it works on. */
export interface CacheFixture {
  readonly cache: Cache;
  readonly tags: TagIndex<CacheEntry>;
  readonly clock: ManualClock;
  /** Makes an entry of the cache; it is not stored yet. */
  entry(key: string, options?: Partial<CacheEntryOptions>): CacheEntry;
  put(key: string, options?: Partial<CacheEntryOptions>): CacheEntry;
}

/** A cache of the test's own. */
export function makeCache(config: Partial<CacheConfig> = {}): CacheFixture {
  const clock = new ManualClock();
  const tags = new TagIndex<CacheEntry>();
  const cache = new Cache({
    name: "players",
    maxEntries: 1_000,
    maxBytes: 1_000_000,
    ttlMs: 1_000,
    negativeTtlMs: 1_000,
    swrMs: 0,
    lenientMs: 0,
    writable: false,
    ...config,
  }, { clock, tags });
  const entry: CacheFixture["entry"] = (key, options = {}) =>
    new CacheEntry({
      cache,
      key,
      owner: undefined,
      body: "{}",
      etag: '"1"',
      tags: [],
      shard: "s1",
      era: new Era(),
      freshUntil: 1_000,
      staleUntil: 1_000,
      ...options,
    });
  return {
    cache,
    tags,
    clock,
    entry,
    put: (key, options) => {
      const made = entry(key, options);
      cache.put(made);
      return made;
    },
  };
}

/** A load that was not started. */
export function makeLoad(
  watch: ScopeWatch,
  options: Partial<Omit<SharedLoadOptions, "scope">> = {},
): SharedLoad {
  return new SharedLoad({
    key: "k",
    owner: undefined,
    tags: [],
    era: new Era(),
    scope: watch.open({ timeoutMs: 60_000 }),
    ...options,
  });
}
