import { assert, assertEquals } from "@std/assert";
import { silentLog } from "../../src/core/log.ts";
import type { IoredisClient } from "../../src/drivers/ioredis_client.ts";
import { DrainStore } from "../../src/routing/drain_store.ts";
import { DrainWatch } from "../../src/routing/drain_watch.ts";
import type { Drain } from "../../src/routing/topology.ts";
import { withRedis } from "../drivers/redis_fixture.ts";
import { eventually } from "../support/eventually.ts";
import { ManualClock } from "../support/manual_clock.ts";
import { redisCommand } from "../support/redis_command.ts";

/** What a process has: its connection, and what it knows. Its clock stands, so that it never polls. */
async function startProcess(redis: IoredisClient, clock = new ManualClock()) {
  let changes = 0;
  const options = { fleet: "test", redis, log: silentLog };
  const watch = new DrainWatch({ ...options, clock, onChange: () => changes++ });
  const store = new DrainStore(options);
  await redis.start();
  await watch.start();
  const drained = () => Object.fromEntries(watch.drains);
  return {
    redis,
    clock,
    watch,
    store,
    drained,
    changes: () => changes,
    knows: (wanted: Record<string, Drain>) =>
      eventually(() => {
        assertEquals(drained(), wanted);
        return true;
      }),
  };
}

Deno.test("DrainStore keeps the first drain of a node when it is drained twice", async () => {
  await withRedis(async (_server, connect) => {
    const { store } = await startProcess(connect());
    const first = await store.drain("s1b", "an operator");
    assertEquals(first.by, "an operator");
    assert(Math.abs(first.at - Date.now()) < 60_000, "Unix milliseconds");
    assertEquals(await store.drain("s1b", "another"), first);
    await store.takeBack("s1b");
    const second = await store.drain("s1b", "another");
    assertEquals([second.by, second.at >= first.at], ["another", true]);
  });
});

Deno.test("DrainStore keeps that a node was taken back also where Redis had lost that it was drained", async () => {
  await withRedis(async (server, connect) => {
    const { store, clock, knows } = await startProcess(connect());
    const s1b = await store.drain("s1b", "an operator");
    await knows({ s1b });
    await redisCommand(server, "FLUSHALL");
    await store.takeBack("s1b");
    // What it knows is older than the word that Redis has.
    clock.advance(5_000);
    await knows({});
  });
});

Deno.test("DrainWatch hears at once when another process drains a node or takes it back", async () => {
  await withRedis(async (_server, connect) => {
    const [one, other] = [await startProcess(connect()), await startProcess(connect())];
    const s1b = await one.store.drain("s1b", "an operator");
    const s2b = await other.store.drain("s2b", "another");
    for (const { knows } of [one, other]) await knows({ s1b, s2b });
    const changes = one.changes();
    await one.store.takeBack("s1b");
    for (const { knows } of [one, other]) await knows({ s2b });
    assert(one.changes() > changes, "it tells of it");
  });
});

Deno.test("DrainWatch knows before it has started what was drained earlier", async () => {
  await withRedis(async (_server, connect) => {
    const { store } = await startProcess(connect());
    const s1b = await store.drain("s1b", "an operator");
    const late = await startProcess(connect());
    assertEquals(late.drained(), { s1b });
  });
});

Deno.test("DrainWatch finds by looking what it was not told of", async () => {
  await withRedis(async (server, connect) => {
    const clock = new ManualClock();
    const { knows } = await startProcess(connect(), clock);
    // As if the message had been lost.
    await redisCommand(server, `HSET {test}:drains s1b "1795544156593066 an operator"`);
    clock.advance(5_000);
    await knows({ s1b: { by: "an operator", at: 1_795_544_156_593 } });
  });
});

Deno.test("DrainWatch keeps what it knows while Redis is away, and tells a Redis that lost it", async () => {
  await withRedis(async (server, connect) => {
    const [one, other] = [await startProcess(connect()), await startProcess(connect())];
    await one.store.drain("s2b", "an operator");
    await one.store.takeBack("s2b");
    const s1b = await one.store.drain("s1b", "an operator");
    for (const { knows } of [one, other]) await knows({ s1b });
    await server.stop();
    await eventually(() => one.redis.state === "down" && other.redis.state === "down");
    assertEquals([one.drained(), other.drained()], [{ s1b }, { s1b }]);
    await server.forget();
    await server.start();
    // Whoever acts on the empty Redis before the others have told it changes one node alone.
    const early = await startProcess(connect());
    const s1c = await early.store.drain("s1c", "another");
    for (const { knows } of [one, other, early]) await knows({ s1b, s1c });
    await early.store.takeBack("s1b");
    for (const { knows } of [one, other, early]) await knows({ s1c });
  });
});

Deno.test("DrainWatch takes over what was changed while it was cut off", async () => {
  await withRedis(async (server, connect) => {
    const one = await startProcess(connect());
    const s1b = await one.store.drain("s1b", "an operator");
    await one.knows({ s1b });
    await server.stop();
    await eventually(() => one.redis.state === "down");
    await server.start();
    // One that has just been started knows only what Redis has kept.
    const other = await startProcess(connect());
    assertEquals(other.drained(), { s1b });
    await other.store.takeBack("s1b");
    await one.knows({});
  });
});
