import { LRUCache } from "lru-cache";
import type { Clock } from "../core/clock.ts";
import type { CacheEntry } from "./cache_entry.ts";
import { type CacheCounters, noCounters } from "./cache_stats.ts";
import type { TagIndex } from "./tag_index.ts";

/** How a named cache is bounded, and what it promises. */
export interface CacheConfig {
  readonly name: string;
  readonly maxEntries: number;
  readonly maxBytes: number;
  /** How long an entry is fresh, at most. */
  readonly ttlMs: number;
  /** The same of an answer without a row. */
  readonly negativeTtlMs: number;
  /** For how long after its time an entry is answered while another is loaded. */
  readonly swrMs: number;
  /** For how long it answers without the read lease; 0 for a strict cache. */
  readonly lenientMs: number;
  /** Whether clients put its entries; no statement may name it then. */
  readonly writable: boolean;
}

/** What a cache works with; it owns none of it. */
export interface CacheParts {
  readonly clock: Clock;
  /** Where entries of all caches are found by tag. */
  readonly tags: TagIndex<CacheEntry>;
}

/** Entries that one slice of an eviction looks at: some hundred microseconds. */
const SLICE = 200;

type Cause = keyof CacheCounters["evicted"];

/**
 * One named cache of one isolate: entries by key, bounded in number and bytes, the least recently
 * used out first. Whether an entry may be answered is for its caller to say; expiry is exact there,
 * for {@linkcode Cache.evictExpired} only gives memory back.
 */
export class Cache {
  readonly config: CacheConfig;
  readonly counters: CacheCounters = noCounters();
  readonly #parts: CacheParts;
  readonly #entries: LRUCache<string, CacheEntry>;
  #cause: Cause = "invalidated";
  #walk: Iterator<CacheEntry | undefined, void> | undefined;

  constructor(config: CacheConfig, parts: CacheParts) {
    this.config = config;
    this.#parts = parts;
    this.#entries = new LRUCache({
      max: config.maxEntries,
      maxSize: config.maxBytes,
      sizeCalculation: (entry) => entry.bytes,
      dispose: (entry, _key, reason) => {
        parts.tags.remove(entry, entry.tags);
        if (reason === "evict") this.counters.evicted.capacity++;
        else if (reason === "delete") this.counters.evicted[this.#cause]++;
      },
    });
  }

  /** How many entries it has. */
  get size(): number {
    return this.#entries.size;
  }

  /** About how many bytes they take. */
  get bytes(): number {
    return this.#entries.calculatedSize;
  }

  /** The entry of a key, whatever its state; it counts as used. */
  get(key: string): CacheEntry | undefined {
    return this.#entries.get(key);
  }

  /** The entry of a key; it does not count as used. */
  peek(key: string): CacheEntry | undefined {
    return this.#entries.peek(key);
  }

  /** Stores an entry, in place of one of the same key. One that is too large is not stored. */
  put(entry: CacheEntry): void {
    this.#entries.set(entry.key, entry);
    if (this.#entries.peek(entry.key) === entry) this.#parts.tags.add(entry, entry.tags);
  }

  /** Takes an entry out. @returns whether it was there */
  delete(key: string, cause: Cause): boolean {
    this.#cause = cause;
    return this.#entries.delete(key);
  }

  /** Takes every entry out. @returns how many there were */
  clear(cause: Cause): number {
    const { size } = this;
    this.#cause = cause;
    this.#entries.clear();
    return size;
  }

  /**
   * Takes out what can never be answered again, a slice of the cache at a time; call it again while
   * it returns `true`.
   */
  evictExpired(): boolean {
    const now = this.#parts.clock.now();
    const walk = this.#walk ??= this.#entries.rvalues();
    for (let seen = 0; seen < SLICE; seen++) {
      const { value: entry, done } = walk.next();
      if (done === true) {
        this.#walk = undefined;
        return false;
      }
      if (entry === undefined) continue;
      if (entry.era.over) this.delete(entry.key, "outdated");
      else if (now >= entry.staleUntil) this.delete(entry.key, "expired");
    }
    return true;
  }
}
