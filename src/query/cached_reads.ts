import type { Cache } from "../cache/cache.ts";
import { CacheEntry } from "../cache/cache_entry.ts";
import type { CacheManager } from "../cache/cache_manager.ts";
import { etagOf } from "../cache/etag.ts";
import { keyTag, wholeTag } from "../cache/names.ts";
import { type Loaded, SharedLoad } from "../cache/shared_load.ts";
import type { Clock } from "../core/clock.ts";
import type { Random } from "../core/random.ts";
import type { ScopeEnd, ScopeWatch } from "../core/scope.ts";
import { InterruptedError } from "../pool/interrupted_error.ts";
import type { TopologyView } from "../routing/topology_view.ts";
import type { CompiledStatement } from "./compiled_statement.ts";
import type { Call, Executor } from "./executor.ts";
import type { ReadFloors } from "./read_floors.ts";
import type { EncodeOptions } from "./row_encoder.ts";
import type { Need } from "./session_reads.ts";
import { tooLarge } from "./statement_errors.ts";

/** What cached reads work with; they own none of it. */
export interface CachedReadsParts {
  readonly caches: CacheManager;
  readonly floors: ReadFloors;
  readonly executor: Executor;
  readonly view: TopologyView;
  readonly watch: ScopeWatch;
  readonly clock: Clock;
  readonly random: Random;
  /** The longest answer, in characters. */
  readonly resultBytes: number;
}

/** An answer to a read of a cached statement, ready to be sent. */
export type CachedAnswer = Omit<Loaded, "source"> & {
  readonly source: "cache" | "stale" | "replica" | "primary";
};

/** A call of a cached statement. */
export interface CachedCall extends Call, EncodeOptions {
  /** As {@linkcode CompiledStatement.cacheKey} makes it. */
  readonly key: string;
}

/** What a cache would do for a call now, and what a database would have to have if it is asked. */
export interface CacheOutlook {
  readonly name: string;
  readonly key: string;
  /**
   * `fresh` and `stale` are answered; `absent` is loaded and kept; `bypassed` is read from the
   * primary and not kept: a write of its tags is under way, or the cache cannot know.
   */
  readonly state: "fresh" | "stale" | "absent" | "bypassed";
  readonly need: Need;
}

/** How much earlier than its time an entry may end, so that not all end at once. */
const JITTER = 0.1;
const NO_ROW = '{"data":null}';

/**
 * Reads through the caches: an entry at hand, else a query that everybody shares who asks for the
 * same meanwhile.
 *
 * What is loaded while a write of its tags is under way, or without the read lease, is read from the
 * primary for its caller alone; what a write overtakes is answered to those that waited before it,
 * and not stored.
 */
export class CachedReads {
  readonly #parts: CachedReadsParts;

  constructor(parts: CachedReadsParts) {
    this.#parts = parts;
  }

  /** The cache of a statement that may answer a call of this consistency; `undefined` for none. */
  cacheOf({ statement }: CompiledStatement, consistency: Call["consistency"]): Cache | undefined {
    const { cache } = statement;
    return cache === undefined || consistency !== "eventual"
      ? undefined
      : this.#parts.caches.get(cache.name);
  }

  /** The answer that is at hand. An old one that may still be answered is loaded anew meanwhile. */
  find(cache: Cache, call: Omit<CachedCall, "scope">): CachedAnswer | undefined {
    const { caches } = this.#parts;
    const entry = cache.get(call.key);
    if (entry === undefined || entry.owner !== call.compiled) return undefined;
    const state = caches.judge(entry);
    if (state === "unusable") return undefined;
    cache.counters.hits++;
    const { body, etag, shard } = entry;
    if (state === "fresh") return { body, etag, shard, source: "cache" };
    cache.counters.stale++;
    if (caches.isSound(entry.tags)) this.#refresh(cache, call, entry);
    return { body, etag, shard, source: "stale" };
  }

  /** What {@linkcode find} and {@linkcode load} would do at a shard; it counts as no use. */
  foresee(
    cache: Cache,
    call: Pick<CachedCall, "compiled" | "bound" | "key"> & { readonly shard: string },
  ): CacheOutlook {
    const { caches, floors } = this.#parts;
    const { compiled, bound, key, shard } = call;
    const { name } = cache.config;
    const entry = cache.peek(key);
    const state = entry === undefined || entry.owner !== compiled
      ? "unusable"
      : caches.judge(entry);
    if (state !== "unusable") return { name, key, state, need: undefined };
    const tags = compiled.tags(bound);
    return caches.isSound(tags)
      ? { name, key, state: "absent", need: floors.need(shard, concerns(cache, key, tags)) }
      : { name, key, state: "bypassed", need: "primary" };
  }

  /**
   * Reads what is not at hand. Throws as {@linkcode Executor.read}.
   */
  async load(cache: Cache, call: CachedCall): Promise<CachedAnswer> {
    const { caches } = this.#parts;
    const { compiled, bound, key, scope } = call;
    cache.counters.misses++;
    const under = caches.loads.find(cache, key, compiled);
    const tags = compiled.tags(bound);
    const shard = this.#parts.executor.shardOf(compiled, bound);
    const ended = (end: ScopeEnd) => this.#ended(end, shard);
    if (under !== undefined && caches.isSound(tags)) {
      cache.counters.joined++;
      const joined = await under.wait(scope, ended);
      call.timings?.mark("join");
      return joined;
    }
    if (!caches.isSound(tags)) {
      cache.counters.bypassed++;
      return await this.#query(call, { shard, need: "primary" });
    }
    cache.counters.loads++;
    return await this.#begin(cache, call, { shard, tags }).wait(scope, ended);
  }

  /** A deadline that passes while nobody takes a shard's writes says so, as that of a load does. */
  #ended(end: ScopeEnd, shard: string): Error {
    const late = end === "deadline_exceeded" ? this.#parts.view.refusalOf(shard) : undefined;
    return late ?? new InterruptedError(end, "not_applied");
  }

  #refresh(cache: Cache, call: Omit<CachedCall, "scope">, { shard, tags, key }: CacheEntry): void {
    if (this.#parts.caches.loads.find(cache, key, call.compiled) !== undefined) return;
    cache.counters.loads++;
    this.#begin(cache, call, { shard, tags }).keep();
  }

  #begin(
    cache: Cache,
    call: Omit<CachedCall, "scope"> & Partial<Pick<CachedCall, "scope">>,
    at: { readonly shard: string; readonly tags: readonly string[] },
  ): SharedLoad {
    const { caches, floors, watch, clock } = this.#parts;
    const { compiled, key } = call;
    const { shard, tags } = at;
    const load = new SharedLoad({
      key,
      owner: compiled,
      tags,
      era: caches.eras.of(shard),
      // It is part of the trace of whoever began it; what nobody waits for is of none.
      scope: watch.open({ timeoutMs: compiled.statement.timeoutMs, trace: call.scope?.trace }),
    });
    const beganAt = clock.now();
    const need = floors.need(shard, concerns(cache, key, tags));
    caches.loads.add(cache, load);
    load.start(async (scope) => {
      try {
        const loaded = await this.#query({ ...call, scope }, { shard, need });
        if (load.current) cache.put(this.#entryOf(cache, load, { loaded, beganAt }));
        else cache.counters.overtaken++;
        return loaded;
      } finally {
        caches.loads.remove(cache, load);
      }
    });
    return load;
  }

  #entryOf(
    cache: Cache,
    load: SharedLoad,
    { loaded, beganAt }: { readonly loaded: Loaded; readonly beganAt: number },
  ): CacheEntry {
    const { config } = cache;
    const declared = (load.owner as CompiledStatement).statement.cache;
    const ttlMs = declared?.ttlMs ?? config.ttlMs;
    const bounded = loaded.body === NO_ROW ? Math.min(ttlMs, config.negativeTtlMs) : ttlMs;
    const freshUntil = beganAt + bounded * (1 - JITTER * this.#parts.random.next());
    const { body, etag, shard } = loaded;
    return new CacheEntry({
      cache,
      key: load.key,
      owner: load.owner,
      body,
      etag,
      tags: load.tags,
      shard,
      era: load.era,
      freshUntil,
      staleUntil: freshUntil + (declared?.swrMs ?? config.swrMs),
    });
  }

  async #query(
    call: CachedCall,
    at: { readonly shard: string; readonly need: Need },
  ): Promise<Loaded> {
    const { executor, resultBytes } = this.#parts;
    const { compiled } = call;
    const { result, shard, source } = await executor.read({ ...call, at });
    const body = `{"data":${compiled.encodeRows(result, call)}}`;
    call.timings?.mark("encode");
    if (body.length > resultBytes) throw tooLarge(compiled);
    return { body, etag: etagOf(body), shard, source };
  }
}

/** All tags whose writes a load must see. */
function concerns({ config: { name } }: Cache, key: string, tags: readonly string[]): string[] {
  return [...tags, wholeTag(name), keyTag(name, key)];
}
