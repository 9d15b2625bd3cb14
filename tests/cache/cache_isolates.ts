import type { Cache, CacheConfig } from "../../src/cache/cache.ts";
import { CacheManager } from "../../src/cache/cache_manager.ts";
import { KeptValues } from "../../src/cache/kept_values.ts";
import { ValueStore } from "../../src/cache/value_store.ts";
import type { WrittenPlace } from "../../src/cache/cache_event.ts";
import { systemClock } from "../../src/core/clock.ts";
import { silentLog } from "../../src/core/log.ts";
import { systemRandom } from "../../src/core/random.ts";
import type { RedisServer } from "../../deploy/local/redis_server.ts";
import type { IoredisClient } from "../../src/drivers/ioredis_client.ts";
import { withRedis } from "../drivers/redis_fixture.ts";

/** The caches of one isolate, and what clients put into one of them. */
export interface CacheIsolate {
  readonly redis: IoredisClient;
  readonly caches: CacheManager;
  readonly store: ValueStore;
  readonly values: KeptValues;
  /** The writable one. */
  readonly cache: Cache;
  /** What loads of statements were told to see. */
  readonly written: (readonly string[])[];
}

/** A Redis server and as many isolates of a fleet as a test wants. */
export interface CacheFleet {
  readonly server: RedisServer;
  isolate(): Promise<CacheIsolate>;
}

const BOUNDS = { maxEntries: 100, maxBytes: 1_048_576, ttlMs: 60_000, negativeTtlMs: 5_000 };

/** Runs a test on a fleet of its own, whose caches are `players` and the writable `matches`. */
export function withCaches(
  test: (fleet: CacheFleet) => Promise<void>,
  matches: Partial<CacheConfig> = {},
): Promise<void> {
  return withRedis(async (server, connect) => {
    await using cleanUp = new AsyncDisposableStack();
    await test({
      server,
      isolate: async () => {
        const redis = connect({ timeoutMs: 1_000 });
        await redis.start();
        const written: (readonly string[])[] = [];
        const plain = { ...BOUNDS, swrMs: 0, lenientMs: 0 };
        const caches = new CacheManager({
          caches: [
            { ...plain, name: "players", writable: false },
            { ...plain, name: "matches", writable: true, ...matches },
          ],
          redis,
          fleet: "test",
          clock: systemClock,
          random: systemRandom,
          log: silentLog,
          listener: {
            written: (tags: readonly string[], _place: WrittenPlace | undefined) => {
              written.push(tags);
            },
            forget() {},
          },
          longestWriteMs: () => 0,
        });
        await caches.initialize();
        cleanUp.defer(() => caches.shutdown());
        const store = new ValueStore({ redis, fleet: "test" });
        const cache = caches.get("matches");
        if (cache === undefined) throw new Error("the cache must be there");
        return {
          redis,
          caches,
          store,
          values: new KeptValues({ caches, store, clock: systemClock }),
          cache,
          written,
        };
      },
    });
  });
}
