import type { Clock } from "../core/clock.ts";
import { RealmgateError } from "../core/errors.ts";
import type { Trace } from "../core/telemetry.ts";
import type { Cache } from "./cache.ts";
import { CacheEntry } from "./cache_entry.ts";
import type { CacheManager } from "./cache_manager.ts";
import { etagOf } from "./etag.ts";
import { keyTag, wholeTag } from "./names.ts";
import type { PutValue, StoredValue, ValueStore } from "./value_store.ts";

/** What kept values work with; they own none of it. */
export interface KeptValuesParts {
  readonly caches: CacheManager;
  readonly store: ValueStore;
  readonly clock: Clock;
}

/** An entry that a client put, as it is answered. */
export interface KeptValue {
  /** Its JSON text. */
  readonly value: string;
  /** What is left of its time, in milliseconds. */
  readonly leftMs: number;
  readonly etag: string;
  /** Where it came from: this isolate's cache, the same without its lease, or Redis. */
  readonly source: "cache" | "stale" | "redis";
}

/** Entries that clients put are of no shard: only the log's own eras end them. */
const NO_SHARD = "";
const OWNER = Symbol("put by a client");

/**
 * The entries that clients put, in the local caches of one isolate: they live in Redis, and what is
 * read of them is kept here by the same rules as what is read from databases.
 *
 * Without the read lease nothing is answered but by a lenient cache. An entry of a tag that a write
 * is under way for counts as none: it may have been made from what the write replaces.
 */
export class KeptValues {
  readonly #caches: CacheManager;
  readonly #store: ValueStore;
  readonly #clock: Clock;

  constructor({ caches, store, clock }: KeptValuesParts) {
    this.#caches = caches;
    this.#store = store;
    this.#clock = clock;
  }

  /** The same values for a request whose trace Redis's commands are to be in; itself for others. */
  within(trace: Trace | undefined): KeptValues {
    if (trace === undefined) return this;
    const store = this.#store.within(trace);
    return new KeptValues({ caches: this.#caches, store, clock: this.#clock });
  }

  /** The entry that is at hand here. */
  find(cache: Cache, key: string): KeptValue | undefined {
    const entry = cache.get(key);
    if (entry === undefined) return undefined;
    const state = this.#caches.judge(entry);
    if (state === "unusable") return undefined;
    cache.counters.hits++;
    if (state === "stale") cache.counters.stale++;
    const { body: value, etag } = entry;
    const leftMs = Math.max(0, Math.floor(entry.freshUntil - this.#clock.now()));
    return { value, leftMs, etag, source: state === "fresh" ? "cache" : "stale" };
  }

  /**
   * Reads an entry from Redis: never an older one than what this isolate acknowledged.
   *
   * @throws {RealmgateError} `redis_unavailable`
   */
  async read(cache: Cache, key: string): Promise<KeptValue | undefined> {
    const { bus, eras, drops } = this.#caches;
    cache.counters.misses++;
    await this.#holdLease();
    // What this isolate's writes drop must be dropped there before it is asked.
    await bus.told();
    const beganAt = this.#clock.now();
    const era = eras.of(NO_SHARD);
    const since = drops.begin();
    try {
      cache.counters.loads++;
      const { epoch, stored } = await this.#store.get(cache.config, key);
      if (stored === undefined || bus.coherence.inDoubt(stored.tags)) return undefined;
      const { value, tags, leftMs } = stored;
      const etag = etagOf(value);
      const own = [wholeTag(cache.config.name), keyTag(cache.config.name, key)];
      if (drops.overtook(since, [...own, ...tags])) cache.counters.overtaken++;
      else if (era.over || epoch !== bus.coherence.epoch || !this.#caches.isSound(tags)) {
        cache.counters.bypassed++;
      } else this.#keep(cache, { key, stored, etag, era, beganAt });
      return { value, leftMs, etag, source: "redis" };
    } finally {
      drops.end();
    }
  }

  /**
   * Puts an entry for the whole fleet. Nothing older is answered here from now on.
   *
   * @throws {RealmgateError} `redis_unavailable`, with the outcome `unknown` where it may be put
   */
  async put(cache: Cache, entry: PutValue): Promise<void> {
    await this.#changing(cache, entry.key, () => this.#store.put(cache.config, entry));
  }

  /** Takes an entry out. @returns whether there was one. Throws as {@linkcode put}. */
  async delete(cache: Cache, key: string): Promise<boolean> {
    return await this.#changing(cache, key, () => this.#store.delete(cache.config, key));
  }

  async #changing<T>(cache: Cache, key: string, change: () => Promise<T>): Promise<T> {
    const { bus } = this.#caches;
    // Else what was written before would void what is put after it.
    await bus.told();
    try {
      return await change();
    } finally {
      const tags = [keyTag(cache.config.name, key)];
      bus.coherence.happened({ kind: "dropped", tags, place: undefined });
    }
  }

  /** Whoever holds the lease has a Redis that takes writes, and knows which are under way. */
  async #holdLease(): Promise<void> {
    const { bus } = this.#caches;
    if (bus.coherence.holds(this.#clock.now())) return;
    await bus.renew();
    if (bus.coherence.holds(this.#clock.now())) return;
    throw new RealmgateError(
      "redis_unavailable",
      "Cannot read the entry: it lives in Redis, which gives no good answer",
      { retryAfterMs: 1_000 },
    );
  }

  #keep(
    cache: Cache,
    read: Pick<CacheEntry, "key" | "etag" | "era"> & {
      readonly stored: StoredValue;
      readonly beganAt: number;
    },
  ): void {
    const { key, etag, era, stored, beganAt } = read;
    const { value: body, tags, leftMs } = stored;
    const freshUntil = beganAt + leftMs;
    cache.put(
      new CacheEntry({
        cache,
        key,
        owner: OWNER,
        body,
        etag,
        tags,
        shard: NO_SHARD,
        era,
        freshUntil,
        staleUntil: freshUntil,
      }),
    );
  }
}
