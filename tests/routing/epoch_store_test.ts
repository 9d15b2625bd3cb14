import { assert, assertEquals } from "@std/assert";
import { findPrograms } from "../../deploy/local/programs.ts";
import { RedisServer } from "../../deploy/local/redis_server.ts";
import { systemClock } from "../../src/core/clock.ts";
import { silentLog } from "../../src/core/log.ts";
import { systemRandom } from "../../src/core/random.ts";
import { IoredisClient } from "../../src/drivers/ioredis_client.ts";
import { redisScript } from "../../src/drivers/redis.ts";
import { EpochStore } from "../../src/routing/epoch_store.ts";
import { eventually } from "../support/eventually.ts";

/** One process's store, and its connection to Redis. */
interface Process {
  readonly store: EpochStore;
  readonly redis: IoredisClient;
  /** Reports that these nodes are writable. */
  readonly sees: (writable: string) => Promise<{ primary: string | null; epoch: number }>;
}

async function withProcesses(
  test: (server: RedisServer, start: () => Promise<Process>) => Promise<void>,
): Promise<void> {
  const home = await Deno.makeTempDir({ prefix: "realmgate-test-" });
  const server = new RedisServer({ home, port: 0, program: (await findPrograms()).redisServer });
  const clients: IoredisClient[] = [];
  await server.start();
  try {
    await test(server, async () => {
      const redis = new IoredisClient({
        server: { kind: "url", url: server.url },
        clock: systemClock,
        random: systemRandom,
        log: silentLog,
        timeoutMs: 300,
        heartbeatMs: 100,
      });
      clients.push(redis);
      await redis.start();
      const store = new EpochStore({ fleet: "test", redis, clock: systemClock });
      const sees = async (writable: string) => {
        const report = { writable: [...writable], canBeat: false };
        const { primary, epoch } = (await store.observe("s1", report)).primacy;
        return { primary, epoch };
      };
      return { store, redis, sees };
    });
  } finally {
    await Promise.all(clients.map((client) => client.close()));
    await server.stop();
    await Deno.remove(home, { recursive: true });
  }
}

/** Reports again and again until the primary is `node`; returns what was agreed. */
function untilPrimary(process: Process, node: string): Promise<{ epoch: number; afterMs: number }> {
  const began = performance.now();
  return eventually(async () => {
    const { primary, epoch } = await process.sees(node);
    return primary === node ? { epoch, afterMs: performance.now() - began } : undefined;
  });
}

/** The same rule must hold whether Redis decides or the process alone. */
for (const where of ["Redis", "the process alone"]) {
  Deno.test(`EpochStore replaces a primary only after 3 s when ${where} decides`, () =>
    withProcesses(async (server, start) => {
      if (where !== "Redis") await server.stop();
      const one = await start();
      assertEquals(one.redis.state, where === "Redis" ? "up" : "down");
      assertEquals((await one.sees("")).primary, null);
      assertEquals((await one.sees("ab")).primary, null);
      const first = await one.sees("a");
      assertEquals(first.primary, "a");
      assert(Math.abs(first.epoch / 1_000 - Date.now()) < 5_000);
      assertEquals(await one.sees("b"), first);
      assertEquals(await one.sees("ab"), first);
      const { epoch, afterMs } = await untilPrimary(one, "b");
      assert(epoch > first.epoch && afterMs >= 2_900, `${epoch} after ${afterMs} ms`);
      assertEquals(await one.sees(""), { primary: "b", epoch });
      assertEquals(await one.sees("a"), { primary: "b", epoch });
    }));
}

Deno.test("EpochStore lets nobody replace a primary that another process sees writable", () =>
  withProcesses(async (_server, start) => {
    const [one, two] = [await start(), await start()];
    const first = await one.sees("a");
    const until = performance.now() + 4_000;
    await eventually(async () => {
      assertEquals(await two.sees("b"), first);
      assertEquals(await one.sees("a"), first);
      return performance.now() > until;
    });
    const { epoch } = await untilPrimary(two, "b");
    assertEquals(await one.sees("a"), { primary: "b", epoch });
  }));

Deno.test("EpochStore does not go back when Redis lost its state or was away", () =>
  withProcesses(async (server, start) => {
    const one = await start();
    const first = await one.sees("a");
    await one.redis.run(redisScript("return redis.call('FLUSHALL')"), { keys: [], args: [] });
    assertEquals(await one.sees("b"), first);
    server.kill();
    await eventually(() => one.redis.state === "down");
    assertEquals(await one.sees("a"), first);
    const alone = await untilPrimary(one, "b");
    await server.restart();
    await eventually(() => one.redis.state === "up");
    assertEquals(await one.sees("b"), { primary: "b", epoch: alone.epoch });
    const two = await start();
    assertEquals(await two.sees("a"), { primary: "b", epoch: alone.epoch });
  }));

Deno.test("EpochStore takes the newest epoch when processes decided apart", () =>
  withProcesses(async (server, start) => {
    const [one, two] = [await start(), await start()];
    await one.sees("a");
    await two.sees("a");
    server.kill();
    await eventually(() => one.redis.state === "down" && two.redis.state === "down");
    const { epoch } = await untilPrimary(one, "b");
    assertEquals((await two.sees("a")).primary, "a");
    await server.restart();
    await eventually(() => one.redis.state === "up" && two.redis.state === "up");
    assertEquals((await two.sees("a")).primary, "a");
    assertEquals(await one.sees("b"), { primary: "b", epoch });
    assertEquals(await two.sees("a"), { primary: "b", epoch });
  }));

Deno.test("EpochStore asks one process at a time for the heartbeat when several report", () =>
  withProcesses(async (_server, start) => {
    const [one, two] = [await start(), await start()];
    const report = { writable: ["a"], canBeat: true };
    const busy = await one.store.observe("s1", { ...report, canBeat: false });
    assertEquals(busy.beat, false);
    const beats: number[] = [];
    await eventually(async () => {
      for (const { store } of [one, two]) {
        if ((await store.observe("s1", report)).beat) beats.push(performance.now());
      }
      return beats.length === 3;
    });
    const [first = 0, second = 0, third = 0] = beats;
    assert(second - first > 850 && third - second > 850, `${beats}`);
  }));
