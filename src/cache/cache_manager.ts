import type { Clock } from "../core/clock.ts";
import type { Log } from "../core/log.ts";
import type { Random } from "../core/random.ts";
import type { RedisClient } from "../drivers/redis.ts";
import { Cache, type CacheConfig } from "./cache.ts";
import type { CacheEntry } from "./cache_entry.ts";
import type { WrittenPlace } from "./cache_event.ts";
import type { CacheCounters } from "./cache_stats.ts";
import { CoherenceBus } from "./coherence_bus.ts";
import { Eras } from "./era.ts";
import { Loads } from "./loads.ts";
import { parseOwnTag } from "./names.ts";
import { RecentDrops } from "./recent_drops.ts";
import { TagIndex } from "./tag_index.ts";

/** Told what loads must see from now on; see `ReadFloors`. */
export interface WriteListener {
  /** A write of these tags was applied; `undefined` for one of unknown place. */
  written(tags: readonly string[], place: WrittenPlace | undefined): void;
  /** Whatever was written until now may not have been told. */
  forget(): void;
}

/** What a manager works with; it owns none of it. */
export interface CacheManagerOptions {
  readonly caches: readonly CacheConfig[];
  readonly redis: RedisClient;
  readonly fleet: string;
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Log;
  readonly listener: WriteListener;
  /** Whether a proxy stands before the servers, so that their sessions cannot be named. @default {false} */
  readonly proxied?: boolean;
  /** The longest that a write with tags can take, in milliseconds. */
  readonly longestWriteMs: () => number;
}

/** One cache as reports show it. */
export interface CacheStats extends CacheCounters {
  readonly name: string;
  readonly entries: number;
  readonly maxEntries: number;
  readonly bytes: number;
  readonly maxBytes: number;
  readonly ttlMs: number;
  readonly lenientMs: number;
  readonly writable: boolean;
}

/** The caches of an isolate as reports show them. */
export interface CachesReport {
  /** Whether this isolate may answer from its caches. */
  readonly lease: "held" | "lost";
  /** Writes of the fleet that are under way: their tags are read from the primaries. */
  readonly doubts: number;
  readonly caches: readonly CacheStats[];
}

/**
 * The named caches of one isolate, coherent with those of the fleet: what is dropped in one is
 * dropped in all, and an isolate that cannot know stops answering from them by itself.
 */
export class CacheManager {
  /** Where writes tell of themselves. */
  readonly bus: CoherenceBus;
  /** The present era of each shard, for what is loaded there. */
  readonly eras = new Eras();
  /** The loads that are under way. */
  readonly loads = new Loads();
  /** What is dropped while entries are read whose tags are not known before. */
  readonly drops = new RecentDrops();
  readonly #clock: Clock;
  readonly #tags = new TagIndex<CacheEntry>();
  readonly #caches = new Map<string, Cache>();
  #evicting = false;

  constructor(options: CacheManagerOptions) {
    const { listener } = options;
    this.#clock = options.clock;
    for (const config of options.caches) this.getOrCreateCache(config);
    this.bus = new CoherenceBus({
      ...options,
      effects: {
        drop: (tags) => this.#drop(tags),
        dropAll: () => this.#dropAll(),
        written: (tags, place) => {
          const read = tags.filter((tag) => !this.#isPut(tag));
          if (read.length > 0) listener.written(read, place);
        },
        forget: () => listener.forget(),
      },
    });
  }

  /** Begins to listen to the fleet. A Redis that is away does not hold it up. */
  async initialize(): Promise<void> {
    await this.bus.initialize();
  }

  /** Stops listening; what this isolate has to tell is told first. */
  async shutdown(): Promise<void> {
    await this.bus.shutdown();
  }

  /** The cache of this name, made if there is none; a cache that is there keeps its bounds. */
  getOrCreateCache(config: CacheConfig): Cache {
    let cache = this.#caches.get(config.name);
    if (cache === undefined) {
      cache = new Cache(config, { clock: this.#clock, tags: this.#tags });
      this.#caches.set(config.name, cache);
    }
    return cache;
  }

  /** The cache of this name. */
  get(name: string): Cache | undefined {
    return this.#caches.get(name);
  }

  /**
   * Whether an entry may be answered now: `fresh`, `stale` (past its time while it may be, or by the
   * leniency of its cache), or not at all.
   */
  judge(entry: CacheEntry): "fresh" | "stale" | "unusable" {
    const now = this.#clock.now();
    if (entry.era.over || now >= entry.staleUntil) return "unusable";
    const { leaseUntil } = this.bus.coherence;
    if (now < leaseUntil) return now < entry.freshUntil ? "fresh" : "stale";
    return now < leaseUntil + entry.cache.config.lenientMs ? "stale" : "unusable";
  }

  /** Whether what is loaded now under these tags may be stored and shared. */
  isSound(tags: readonly string[]): boolean {
    return this.bus.coherence.isSound(tags, this.#clock.now());
  }

  /** A shard has another primary: what was read there may never have been. */
  replaceShard(shard: string): void {
    this.eras.end(shard);
  }

  /** Drops everything here: the statements were replaced. */
  clear(): void {
    for (const cache of this.#caches.values()) cache.clear("outdated");
    this.loads.overtakeAll();
  }

  /** Gives back the memory of what cannot be answered again, in slices that block nobody. */
  async evictExpired(): Promise<void> {
    if (this.#evicting) return;
    this.#evicting = true;
    try {
      for (const cache of this.#caches.values()) {
        while (cache.evictExpired()) {
          await new Promise<void>((resolve) => this.#clock.after(1, resolve));
        }
      }
    } finally {
      this.#evicting = false;
    }
  }

  /** How all stands. */
  stats(): CachesReport {
    const { coherence } = this.bus;
    return {
      lease: coherence.holds(this.#clock.now()) ? "held" : "lost",
      doubts: coherence.doubts,
      caches: [...this.#caches.values()].map(({ config, size, bytes, counters }) => ({
        name: config.name,
        entries: size,
        maxEntries: config.maxEntries,
        bytes,
        maxBytes: config.maxBytes,
        ttlMs: config.ttlMs,
        lenientMs: config.lenientMs,
        writable: config.writable,
        ...counters,
      })),
    };
  }

  /** Whether a tag means entries that clients put: no statement reads them. */
  #isPut(tag: string): boolean {
    const own = parseOwnTag(tag);
    return own !== undefined && this.#caches.get(own.cache)?.config.writable === true;
  }

  #drop(tags: readonly string[]): void {
    this.drops.note(tags);
    for (const tag of tags) {
      const own = parseOwnTag(tag);
      if (own === undefined) {
        this.loads.overtakeTag(tag);
        for (const { cache, key } of this.#tags.of(tag)) cache.delete(key, "invalidated");
        continue;
      }
      const cache = this.#caches.get(own.cache);
      if (cache === undefined) continue;
      if (own.key === undefined) {
        this.loads.overtakeAll(cache);
        cache.clear("invalidated");
      } else {
        this.loads.overtakeKey(cache, own.key);
        cache.delete(own.key, "invalidated");
      }
    }
  }

  #dropAll(): void {
    // A lenient cache may go on with what it has until it has loaded it anew; the entries' era is
    // over, so that nothing answers with them once the lease holds again.
    this.eras.endAll();
    this.loads.overtakeAll();
  }
}
