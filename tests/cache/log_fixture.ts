import { assert } from "@std/assert";
import type { RedisServer } from "../../deploy/local/redis_server.ts";
import type { CacheEvent, CacheMessage, Intent } from "../../src/cache/cache_event.ts";
import { decodeMessage } from "../../src/cache/cache_event.ts";
import { CoherenceLog } from "../../src/cache/coherence_log.ts";
import { systemClock } from "../../src/core/clock.ts";
import { silentLog } from "../../src/core/log.ts";
import { systemRandom } from "../../src/core/random.ts";
import { IoredisClient } from "../../src/drivers/ioredis_client.ts";
import { type RedisClient, redisScript } from "../../src/drivers/redis.ts";
import { withRedis } from "../drivers/redis_fixture.ts";

/** The log in a Redis of the test's own, whose clock the test moves. */
export interface LogFixture {
  readonly server: RedisServer;
  readonly redis: IoredisClient;
  /** `redis`, with the test's clock in its scripts. */
  readonly timed: Pick<RedisClient, "run">;
  readonly log: CoherenceLog;
  /** What was published since the last call, and is delivered: a reply comes after it. */
  published(): Promise<CacheMessage[]>;
  /** Sets the clock that the scripts see, in microseconds. */
  setClock(us: number): Promise<void>;
}

/** When the scripts' clock begins, in microseconds. */
export const ORIGIN_US = 1_800_000_000_000_000;

/** The scripts as they are, but for the clock. */
function withClock(redis: RedisClient): Pick<RedisClient, "run"> {
  return {
    run: ({ lua }, options) => {
      const moved = lua.replaceAll(
        'redis.call("TIME")',
        'redis.call("HMGET", "{test}:now", "s", "u")',
      );
      assert(moved !== lua || !lua.includes("now"));
      return redis.run(redisScript(moved), options);
    },
  };
}

const SET_CLOCK = redisScript('return redis.call("HSET", KEYS[1], "s", ARGV[1], "u", ARGV[2])');

/** Runs a test on a log of its own. */
export function withLog(test: (fixture: LogFixture) => Promise<void>): Promise<void> {
  return withRedis(async (server) => {
    // Hundreds of commands at once may take a while on a busy machine.
    const redis = new IoredisClient({
      server: { kind: "url", url: server.url },
      clock: systemClock,
      random: systemRandom,
      log: silentLog,
      timeoutMs: 3_000,
      heartbeatMs: 100,
    });
    await using cleanUp = new AsyncDisposableStack();
    cleanUp.defer(() => redis.close());
    await redis.start();
    const timed = withClock(redis);
    const log = new CoherenceLog({ redis: timed, fleet: "test" });
    const messages: CacheMessage[] = [];
    await redis.subscribe(log.channel, (text) => messages.push(decodeMessage(text)));
    const setClock = async (us: number) => {
      const seconds = Math.floor(us / 1_000_000);
      const args = [seconds, us - seconds * 1_000_000];
      await redis.run(SET_CLOCK, { keys: ["{test}:now"], args });
    };
    await setClock(ORIGIN_US);
    await test({
      server,
      redis,
      timed,
      log,
      setClock,
      published: async () => {
        await redis.ping();
        return messages.splice(0);
      },
    });
  });
}

/** An intent of a write. */
export function intent(id: string, options: Partial<Intent> = {}): Intent {
  return {
    kind: "intent",
    id,
    tags: [`player:${id}`],
    shard: "s1",
    node: "s1-a",
    connection: 7,
    limitMs: 1_000,
    ...options,
  };
}

/** The end of a write. */
export function done(id: string): CacheEvent {
  return { kind: "done", id, tags: [`player:${id}`], shard: "s1", epoch: "e1", position: "0-1-5" };
}
