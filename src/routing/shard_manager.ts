import { RealmgateError } from "../core/errors.ts";
import { type BucketMap, BUCKETS, readBuckets } from "./bucket_map.ts";
import { murmur3 } from "./murmur3.ts";

/** How keys are spread over the shards. */
export type ShardingOptions =
  /** Hash modulo the number of shards, in their configured order: adding one moves most keys. */
  | { readonly strategy: "modulo" }
  /** Hash modulo 1,024 buckets, whose owners are listed: buckets can be moved one by one. */
  | { readonly strategy: "buckets"; readonly map: BucketMap }
  /** A named value, such as a realm, to its shard; other values go to `default`, if there is one. */
  | {
    readonly strategy: "map";
    readonly map: Readonly<Record<string, string>>;
    readonly default?: string | undefined;
  };

/** What a {@linkcode ShardManager} is made of. */
export interface ShardManagerOptions<Pool> {
  /** The shards' names; their order matters for `modulo`. */
  readonly shards: readonly string[];
  readonly sharding: ShardingOptions;
  /** The pool of a shard's present primary; may throw. Only `getPoolForKey` asks for it. */
  readonly poolOf?: (shard: string) => Pool;
}

/** Why a key is where it is. */
export interface ShardExplanation {
  readonly shard: string;
  /** MurmurHash3 of the key; absent where the strategy hashes nothing. */
  readonly hash?: number;
  /** The virtual bucket; absent unless the strategy has buckets. */
  readonly bucket?: number;
  /** A sentence for people. */
  readonly why: string;
}

/**
 * Says which shard holds a key. The same key always gets the same answer, on every isolate and
 * in every language: keys are hashed in their canonical form, integers as plain decimal digits.
 *
 * @example
 * ```ts
 * import { ShardManager } from "./shard_manager.ts";
 * import { assertEquals } from "@std/assert";
 *
 * const manager = new ShardManager({ shards: ["s1", "s2"], sharding: { strategy: "modulo" } });
 * assertEquals(manager.shardForKey("42"), "s1");
 * ```
 */
export class ShardManager<Pool = never> {
  /** The shards' names, in their configured order. */
  readonly shards: readonly string[];
  readonly #poolOf: ((shard: string) => Pool) | undefined;
  readonly #strategy: ShardingOptions["strategy"];
  /** The owner of each hash modulo its length. */
  readonly #owners: readonly string[];
  readonly #named: ReadonlyMap<string, string>;
  readonly #default: string | undefined;

  /** @throws {TypeError} if the shards or their map cannot work */
  constructor(options: ShardManagerOptions<Pool>) {
    const { shards, sharding } = options;
    if (shards.length === 0 || new Set(shards).size !== shards.length) {
      throw new TypeError(
        `Cannot route keys: needs shards with different names, received [${shards}]`,
      );
    }
    this.shards = [...shards];
    this.#poolOf = options.poolOf;
    this.#strategy = sharding.strategy;
    this.#owners = sharding.strategy === "buckets" ? readBuckets(sharding.map) : this.shards;
    this.#named = new Map(sharding.strategy === "map" ? Object.entries(sharding.map) : []);
    this.#default = sharding.strategy === "map" ? sharding.default : undefined;
    for (const shard of [...this.#owners, ...this.#named.values(), this.#default]) {
      if (shard !== undefined && !shards.includes(shard)) {
        throw new TypeError(
          `Cannot route keys: the map names no shard of [${shards}], received "${shard}"`,
        );
      }
    }
  }

  /**
   * The shard that holds `key`.
   *
   * @throws {RealmgateError} `invalid_request` if a map without default does not name the key
   */
  shardForKey(key: string): string {
    if (this.#strategy !== "map") {
      const owner = this.#owners[murmur3(key) % this.#owners.length];
      if (owner !== undefined) return owner;
    }
    const shard = this.#named.get(key) ?? this.#default;
    if (shard !== undefined) return shard;
    throw new RealmgateError(
      "invalid_request",
      "Cannot route the key: the shard parameter's value must be one that the sharding map names",
    );
  }

  /**
   * The shard of something that has a name and is no key of the data, such as a lock: as
   * {@linkcode shardForKey}, but a name that a map leaves out is hashed.
   */
  shardForName(name: string): string {
    const owner = this.#owners[murmur3(name) % this.#owners.length] as string;
    return this.#named.get(name) ?? this.#default ?? owner;
  }

  /** The virtual bucket of `key`, whatever the strategy. */
  bucketForKey(key: string): number {
    return murmur3(key) % BUCKETS;
  }

  /** What {@linkcode shardForKey} says, and why. */
  explain(key: string): ShardExplanation {
    const shard = this.shardForKey(key);
    const hash = murmur3(key);
    switch (this.#strategy) {
      case "modulo":
        return { shard, hash, why: `hash ${hash} % ${this.#owners.length} shards is ${shard}` };
      case "buckets": {
        const bucket = hash % BUCKETS;
        return {
          shard,
          hash,
          bucket,
          why: `hash ${hash} is in bucket ${bucket}, held by ${shard}`,
        };
      }
      case "map":
        return {
          shard,
          why: this.#named.has(key) ? `the map names ${shard}` : `the map's default is ${shard}`,
        };
    }
  }

  /** The pool of the present primary of the shard that holds `key`; throws what the lookup throws. */
  getPoolForKey(key: string): Pool {
    if (this.#poolOf === undefined) {
      throw new TypeError("Cannot get a pool: the manager must have a lookup, received none");
    }
    return this.#poolOf(this.shardForKey(key));
  }
}
