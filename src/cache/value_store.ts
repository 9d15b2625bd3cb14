import type { Trace } from "../core/telemetry.ts";
import type { RedisClient } from "../drivers/redis.ts";
import { tracedRedis } from "../drivers/redis_spans.ts";
import type { CacheConfig } from "./cache.ts";
import { encodeEvents } from "./cache_event.ts";
import { LOG_MESSAGES } from "./coherence_log.ts";
import { keyTag } from "./names.ts";
import { type CacheKeys, cacheKeys } from "./redis_keys.ts";
import { DELETE_VALUE, GET_VALUE, PUT_VALUE } from "./value_scripts.ts";

/** Bounds of an entry's time to live, in milliseconds. */
export const ENTRY_TTL_MS = { min: 1, max: 86_400_000 };
/** The longest value: its JSON text in UTF-8. */
export const MAX_VALUE_BYTES = 65_536;

/** An entry as a client puts it. */
export interface PutValue {
  readonly key: string;
  /** Its JSON text. */
  readonly value: string;
  readonly ttlMs: number;
  readonly tags: readonly string[];
}

/** An entry as Redis has it. */
export interface StoredValue {
  readonly value: string;
  readonly tags: readonly string[];
  /** What is left of its time when Redis answered, in milliseconds. */
  readonly leftMs: number;
}

/** What a store is made of. */
export interface ValueStoreOptions {
  readonly redis: Pick<RedisClient, "run">;
  readonly fleet: string;
}

/**
 * The entries that clients put, in Redis: one script a call. Each throws
 * {@linkcode RealmgateError} `redis_unavailable`, with the outcome `unknown` where the script may
 * have run.
 *
 * They belong to an epoch of the fleet's log: what a Redis that was replaced or started anew still
 * has is void, for it may be older than what was acknowledged.
 */
export class ValueStore {
  readonly #redis: Pick<RedisClient, "run">;
  readonly #fleet: string;
  readonly #keys: CacheKeys;

  constructor({ redis, fleet }: ValueStoreOptions) {
    this.#redis = redis;
    this.#fleet = fleet;
    this.#keys = cacheKeys(fleet);
  }

  /** The same store for a request whose trace its commands are to be in; itself for others. */
  within(trace: Trace | undefined): ValueStore {
    if (trace === undefined) return this;
    return new ValueStore({ redis: tracedRedis(this.#redis, trace), fleet: this.#fleet });
  }

  /**
   * Puts an entry, and tells every isolate that what it has under the key is over. Its cache's
   * bounds count in Redis too, for all isolates together.
   */
  async put(cache: CacheConfig, { key, value, ttlMs, tags }: PutValue): Promise<void> {
    const { name, maxEntries, maxBytes } = cache;
    await this.#run(PUT_VALUE, [
      ...this.#dropped(name, key),
      name,
      key,
      ttlMs,
      maxEntries,
      maxBytes,
      value,
      ...tags,
    ]);
  }

  /** The entry of a key, and the epoch that it was read in. */
  async get(
    cache: CacheConfig,
    key: string,
  ): Promise<{ readonly epoch: string; readonly stored: StoredValue | undefined }> {
    const reply = await this.#run(GET_VALUE, [cache.name, key]);
    const [epoch, ...found] = reply as [string, ...unknown[]];
    if (found.length === 0) return { epoch, stored: undefined };
    const [leftMs, value, ...tags] = found as [number, string, ...string[]];
    return { epoch, stored: { leftMs, value, tags } };
  }

  /** Takes an entry out, here and in every isolate. @returns whether there was one to be answered */
  async delete(cache: CacheConfig, key: string): Promise<boolean> {
    const { name } = cache;
    return await this.#run(DELETE_VALUE, [...this.#dropped(name, key), name, key]) === 1;
  }

  #dropped(cache: string, key: string): (string | number)[] {
    const tags = [keyTag(cache, key)];
    const events = encodeEvents([{ kind: "dropped", tags, place: undefined }]);
    return [this.#keys.channel, events, LOG_MESSAGES];
  }

  #run(
    script: Parameters<RedisClient["run"]>[0],
    args: readonly (string | number)[],
  ): Promise<unknown> {
    return this.#redis.run(script, { keys: [...this.#keys.log, this.#keys.values], args });
  }
}
