import { assert, assertEquals } from "@std/assert";
import { type Log, silentLog } from "../../src/core/log.ts";
import type { RedisClient } from "../../src/drivers/redis.ts";
import { AlertStore } from "../../src/monitor/alerts/alert_store.ts";
import { withRedis } from "../drivers/redis_fixture.ts";
import { redisCommand } from "../support/redis_command.ts";
import { JudgedFleet } from "./judged_fleet.ts";

const storeOn = (redis: RedisClient, log: Log = silentLog) =>
  new AlertStore({ fleet: "test", redis, log });

/** What is kept of a fleet with a replica that is down. */
function someAlerts() {
  const judged = new JudgedFleet();
  judged.fleet.node("s1b").up = false;
  judged.run(20_000);
  const usual = [{ cell: "player.get s1", mean: 0.5, learntMs: 60_000, at: judged.fleet.at }];
  return { engine: judged.engine.export(), memory: { primaries: { s1: "s1a" }, usual } };
}

Deno.test("AlertStore keeps alerts for others and for who comes later, and reads what is new once", async () => {
  await withRedis(async (server, connect) => {
    const redis = connect();
    await redis.start();
    const [writer, reader] = [storeOn(redis), storeOn(redis)];
    assertEquals(await reader.read(), "none");
    const kept = someAlerts();
    assertEquals(kept.engine.episodes.length, 1);
    assertEquals(await writer.write(kept), "kept");
    assertEquals(await reader.read(), kept);
    assertEquals(await reader.read(), "same");
    assertEquals(await writer.read(), "same");
    assertEquals(await writer.read({ all: true }), kept);
    assertEquals(await storeOn(redis).read(), kept);
    const ttl = Number((await redisCommand(server, "TTL {test}:alerts:1")).slice(1));
    assert(ttl > 0 && ttl <= 86_400, `lives for ${ttl} s`);
  });
});

Deno.test("AlertStore lets nobody overwrite what it has not read", async () => {
  await withRedis(async (server, connect) => {
    const redis = connect();
    await redis.start();
    const [first, second] = [storeOn(redis), storeOn(redis)];
    const kept = someAlerts();
    assertEquals(await first.write(kept), "kept");
    assertEquals(await second.write(someAlerts()), "overtaken");
    assertEquals(await second.read(), kept);
    assertEquals(await second.write(kept), "kept");
    assertEquals(await first.write(kept), "overtaken");
    // Redis lost its state: then nothing is kept, and the first to write begins anew.
    await redisCommand(server, "FLUSHALL");
    assertEquals(await second.write(kept), "overtaken");
    assertEquals(await second.read(), "none");
    assertEquals(await second.write(kept), "kept");
  });
});

Deno.test("AlertStore never fails: not without Redis, nor by what it cannot read", async () => {
  await withRedis(async (server, connect) => {
    const redis = connect();
    await redis.start();
    const said: string[] = [];
    const store = storeOn(redis, { ...silentLog, warn: (message) => said.push(message) });
    await redisCommand(server, "HSET {test}:alerts:1 version 7 alerts 1");
    assertEquals(await store.read(), "none");
    assertEquals(said, ["alerts that were kept cannot be read"]);
    assertEquals(await store.write(someAlerts()), "kept");
    await server.stop();
    assertEquals(await store.read(), "unknown");
    assertEquals(await store.write(someAlerts()), "failed");
  });
});
