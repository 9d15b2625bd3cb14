import type { RedisServer } from "../../deploy/local/redis_server.ts";
import type { Intent } from "../../src/cache/cache_event.ts";
import { CoherenceBus } from "../../src/cache/coherence_bus.ts";
import { CoherenceLog } from "../../src/cache/coherence_log.ts";
import { systemClock } from "../../src/core/clock.ts";
import { silentLog } from "../../src/core/log.ts";
import { systemRandom } from "../../src/core/random.ts";
import type { IoredisClient } from "../../src/drivers/ioredis_client.ts";
import type { RedisClient } from "../../src/drivers/redis.ts";
import { withRedis } from "../drivers/redis_fixture.ts";
import { eventually } from "../support/eventually.ts";

/** One isolate's bus, with what it had its caches do, in words. */
export interface BusIsolate {
  readonly bus: CoherenceBus;
  readonly redis: IoredisClient;
  readonly effects: string[];
  /** While it is set the messages that arrive are lost. */
  deaf: boolean;
  /** Whether its caches may answer now. */
  holds(): boolean;
  /** Whether loads of a tag may be stored now. */
  isSound(tag: string): boolean;
}

/** A Redis server, and as many buses on it as a test wants. */
export interface BusFixture {
  readonly server: RedisServer;
  /** The log, by a connection that no bus has. */
  readonly log: CoherenceLog;
  /** Makes a bus. Its client is not started where `connect` is `false`. */
  isolate(
    options?: { readonly connect?: boolean; readonly proxied?: boolean },
  ): Promise<BusIsolate>;
  /** What the log says of the writes that are under way. */
  open(): Promise<readonly Intent[]>;
}

/** How long tagged writes take at most. */
const LONGEST_WRITE_MS = 200;

/** Runs a test on a Redis server of its own. */
export function withBuses(test: (fixture: BusFixture) => Promise<void>): Promise<void> {
  return withRedis(async (server, connect) => {
    const redis = connect();
    await redis.start();
    const log = new CoherenceLog({ redis, fleet: "test" });
    const buses: CoherenceBus[] = [];
    await test({
      server,
      log,
      open: async () => {
        const reader = { id: "test", epoch: "", sequence: 0, holdMs: 0 };
        return (await log.renew("full", reader)).intents ?? [];
      },
      isolate: async ({ connect: start = true, proxied = false } = {}) => {
        const isolate = makeIsolate(connect(), proxied);
        if (start) await isolate.redis.start();
        await isolate.bus.initialize();
        buses.push(isolate.bus);
        return isolate;
      },
    });
    await Promise.all(buses.map((bus) => bus.shutdown()));
  });
}

function makeIsolate(redis: IoredisClient, proxied: boolean): BusIsolate {
  const effects: string[] = [];
  const bus: CoherenceBus = new CoherenceBus({
    redis: withDeafness(redis, () => isolate.deaf),
    fleet: "test",
    clock: systemClock,
    random: systemRandom,
    log: silentLog,
    proxied,
    longestWriteMs: () => LONGEST_WRITE_MS,
    effects: {
      drop: (tags) => effects.push(`drop ${tags}`),
      dropAll: () => effects.push("drop all"),
      written: (tags, place) => effects.push(`written ${tags} at ${place?.position}`),
      forget: () => effects.push("forget"),
    },
  });
  const isolate: BusIsolate = {
    bus,
    redis,
    effects,
    deaf: false,
    holds: () => bus.coherence.holds(systemClock.now()),
    isSound: (tag) => bus.coherence.isSound([tag], systemClock.now()),
  };
  return isolate;
}

/** The client as it is, but for messages that are lost. */
function withDeafness(redis: RedisClient, deaf: () => boolean): RedisClient {
  return {
    get state() {
      return redis.state;
    },
    onState: (listener) => redis.onState(listener),
    run: (script, options) => redis.run(script, options),
    subscribe: (channel, onMessage) =>
      redis.subscribe(channel, (text) => deaf() || onMessage(text)),
    ping: () => redis.ping(),
    close: () => redis.close(),
  };
}

/** A write of a player. */
export function write(tag: string): Omit<Intent, "kind" | "id"> {
  return { tags: [tag], shard: "s1", node: "s1-a", connection: 7, limitMs: 60_000 };
}

/**
 * Has the intents of writes recorded, all at once. On a busy machine it may take longer than a write
 * waits for it; then they are taken back, and made again.
 */
export function intend(bus: CoherenceBus, tags: readonly string[]): Promise<readonly Intent[]> {
  return eventually(async () => {
    const made = await Promise.all(tags.map((tag) => bus.intend(write(tag))));
    const intents = made.map(({ intent }) => intent);
    if (made.every(({ recorded }) => recorded)) return intents;
    for (const intent of intents) bus.aborted(intent);
    return undefined;
  });
}

/** Where a write was. */
export const PLACE = { shard: "s1", epoch: "e1", position: "0-1-5" };
