import { assert, assertEquals } from "@std/assert";
import type { RedisServer } from "../../deploy/local/redis_server.ts";
import { type Clock, systemClock } from "../../src/core/clock.ts";
import { silentLog } from "../../src/core/log.ts";
import { systemRandom } from "../../src/core/random.ts";
import type { IoredisClient } from "../../src/drivers/ioredis_client.ts";
import type { ShardReport } from "../../src/routing/shard_report.ts";
import { TopologyBulletin } from "../../src/routing/topology_bulletin.ts";
import { withRedis } from "../drivers/redis_fixture.ts";
import { eventually } from "../support/eventually.ts";
import { steppedClock } from "../support/stepped_clock.ts";

/** One process's bulletin, and what it heard. */
interface Reader {
  readonly bulletin: TopologyBulletin;
  readonly redis: IoredisClient;
  readonly clock: Clock;
  readonly heard: ShardReport[];
}

/** A clock of another process: its zero is elsewhere, and so is its idea of the date. */
function clockAhead(ms: number): Clock {
  return {
    ...systemClock,
    now: () => systemClock.now() + ms,
    wallMs: () => systemClock.wallMs() - 3 * ms,
  };
}

async function withReaders(
  test: (server: RedisServer, start: (clock?: Clock) => Promise<Reader>) => Promise<void>,
  options: Parameters<typeof withRedis>[1] = {},
): Promise<void> {
  await withRedis((server, connect) =>
    test(server, async (clock = systemClock) => {
      const redis = connect();
      await redis.start();
      const heard: ShardReport[] = [];
      const world = { clock, random: systemRandom, log: silentLog };
      const bulletin = new TopologyBulletin({ fleet: "test", redis, ...world });
      await bulletin.start((report) => heard.push(report));
      return { bulletin, redis, clock, heard };
    }), options);
}

/** A report of a look that took 1 ms and began so long ago: it is over, by whatever clock. */
function report(clock: Clock, change: { readonly agoMs?: number; readonly up?: boolean } = {}) {
  const { agoMs = 100, up = true } = change;
  const beganAt = clock.now() - agoMs;
  const nothing = {
    trouble: undefined,
    refused: false,
    writable: up,
    applying: undefined,
    heartbeat: undefined,
    position: undefined,
    committed: undefined,
    semiSync: undefined,
    version: undefined,
    connections: undefined,
  };
  return {
    shard: "s1",
    primacy: { primary: "s1a", epoch: 7, unseenMs: 0 },
    looks: [{
      ...nothing,
      node: "s1a",
      beganAt,
      endedAt: beganAt + 1,
      wallMs: clock.wallMs() - agoMs,
      up,
    }],
  } satisfies ShardReport;
}

Deno.test("TopologyBulletin tells the others, by their own clocks, when something was seen", () =>
  withReaders(async (_server, start) => {
    const [one, two] = [await start(), await start(clockAhead(86_400_000))];
    one.bulletin.share(report(one.clock, { agoMs: 1_500 }));
    const heard = await eventually(() => two.heard[0]);
    const [look] = heard.looks;
    const age = two.clock.now() - (look?.beganAt ?? 0);
    assert(age >= 1_500 && age < 2_500, `heard as ${age} ms old`);
    const wallAge = two.clock.wallMs() - (look?.wallMs ?? 0);
    assert(wallAge >= 1_500 && wallAge < 2_500, `heard as ${wallAge} ms old by the wall clock`);
    assertEquals([heard.shard, heard.primacy.epoch, look?.up], ["s1", 7, true]);
    assertEquals(one.heard, []);
  }));

Deno.test("TopologyBulletin publishes the same news once when many bring it, and others at once", () =>
  withReaders(async (_server, start) => {
    const readers = await Promise.all(Array.from({ length: 8 }, () => start()));
    const listener = await start();
    for (const { bulletin, clock } of readers) bulletin.share(report(clock));
    await Promise.all(readers.map(({ redis }) => redis.ping()));
    const [first] = readers;
    assert(first !== undefined);
    first.bulletin.share(report(first.clock, { up: false }));
    await eventually(() => listener.heard.some(({ looks }) => looks[0]?.up === false));
    assertEquals(listener.heard.map(({ looks }) => looks[0]?.up), [true, false]);
    // What stays the same is told again, so that its age is known.
    await eventually(() => {
      first.bulletin.share(report(first.clock, { up: false }));
      return listener.heard.length === 4;
    });
  }));

Deno.test("TopologyBulletin keeps the newest of what is shared while a report is on its way", () =>
  withReaders(async (_server, start) => {
    const [one, two] = [await start(), await start()];
    for (let n = 0; n < 100; n++) one.bulletin.share(report(one.clock, { up: n % 2 === 0 }));
    await eventually(() => two.heard.length === 2);
    assertEquals(two.heard.map(({ looks }) => looks[0]?.up), [true, false]);
  }));

Deno.test("TopologyBulletin says nothing while Redis is away, and goes on when it is back", () =>
  withReaders(async (server, start) => {
    const [one, two] = [await start(), await start()];
    server.kill();
    await eventually(() => one.redis.state === "down" && two.redis.state === "down");
    one.bulletin.share(report(one.clock));
    await one.bulletin.keepTime();
    await server.restart();
    await eventually(() => one.redis.state === "up" && two.redis.state === "up");
    assertEquals(two.heard, []);
    one.bulletin.share(report(one.clock, { agoMs: 100 }));
    await eventually(() => two.heard.length === 1);
  }));

Deno.test("TopologyBulletin takes no look for newer than it is when another clock is Redis's from now on", () =>
  withReaders(async (server, start) => {
    let ahead = 0;
    // To this reader it is as if the server that comes back had a clock that is 900 ms ahead.
    const clock: Clock = { ...systemClock, now: () => systemClock.now() + ahead };
    const [one, two] = [await start(), await start(clock)];
    server.kill();
    await eventually(() => one.redis.state === "down" && two.redis.state === "down");
    ahead = -900;
    await server.restart();
    await eventually(() => one.redis.state === "up" && two.redis.state === "up");
    const heard = await eventually(() => {
      one.bulletin.share(report(one.clock, { agoMs: 1_500 }));
      return two.heard[0];
    });
    const age = clock.now() - (heard.looks[0]?.beganAt ?? 0);
    assert(age >= 1_500, `heard as ${age} ms old`);
  }));

Deno.test("TopologyBulletin takes no look for newer than it is when Redis's clock is set", async () => {
  const folder = await Deno.makeTempDir({ prefix: "realmgate-clock-" });
  const stepped = await steppedClock(folder);
  if (stepped === undefined) {
    console.warn("Not tested: a server's clock cannot be stepped here, libfaketime is missing");
    return await Deno.remove(folder);
  }
  await withReaders(async (_server, start) => {
    for (const offsetMs of [20_000, -20_000]) {
      await stepped.set(0);
      const [one, two] = [await start(), await start()];
      await stepped.set(offsetMs);
      // Who tells something reads the new clock with its first report; who only listens does not.
      await eventually(() => {
        one.bulletin.share(report(one.clock, { agoMs: 1_500 }));
        return two.heard.length >= 2;
      });
      for (const { looks } of two.heard) {
        const age = two.clock.now() - (looks[0]?.beganAt ?? 0);
        assert(age >= 1_500, `heard as ${age} ms old, set by ${offsetMs} ms`);
      }
    }
  }, { env: stepped.env });
  await Deno.remove(folder, { recursive: true });
});

Deno.test("TopologyBulletin hears of others when Redis was away at its start", () =>
  withReaders(async (server, start) => {
    server.kill();
    await eventually(() => server.pid === undefined);
    const [one, two] = [await start(), await start()];
    await server.restart();
    await eventually(async () => {
      await two.bulletin.keepTime();
      one.bulletin.share(report(one.clock));
      return two.heard.length > 0;
    });
  }));
