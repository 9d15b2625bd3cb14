import { assert, assertEquals } from "@std/assert";
import { type CacheEvent, decodeMessage } from "../../src/cache/cache_event.ts";
import { CoherenceLog } from "../../src/cache/coherence_log.ts";
import { systemClock } from "../../src/core/clock.ts";
import { silentLog } from "../../src/core/log.ts";
import { systemRandom } from "../../src/core/random.ts";
import { IoredisClient } from "../../src/drivers/ioredis_client.ts";
import { eventually } from "../support/eventually.ts";
import { testRealm } from "../support/realm.ts";

Deno.test("Service tells of what a writer left behind when the writer is gone", async (t) => {
  await using realm = await testRealm();
  const { config, stack } = realm.realm;
  const [one, two] = stack.shards.map(({ primary }) => primary);
  assert(one !== undefined && two !== undefined);
  const world = { clock: systemClock, random: systemRandom, log: silentLog };
  const redis = new IoredisClient({ ...world, server: { kind: "url", url: stack.redis.url } });
  await using cleanUp = new AsyncDisposableStack();
  cleanUp.defer(() => redis.close());
  await redis.start();
  const events = new CoherenceLog({ redis, fleet: config.fleet });
  const told: CacheEvent[] = [];
  await redis.subscribe(events.channel, (text) => told.push(...decodeMessage(text).events));
  const rows = async () => (await one.sql("SELECT id FROM realmgate_outbox")).length;
  await two.sql("DROP TABLE realmgate_outbox");
  const { service } = await realm.serve({ isolates: 2 });

  await t.step("a row of an outbox", async () => {
    await one.sql(`INSERT INTO realmgate_outbox (tags) VALUES ('["left:1"]')`);
    await eventually(async () => await rows() === 0, { what: "the row to be deleted" });
    const [event] = told;
    assert(event?.kind === "dropped" && event.place !== undefined);
    assertEquals([event.tags, event.place.shard], [["left:1"], "s1"]);
    const [position] = await one.sql("SELECT @@gtid_binlog_pos AS now");
    assertEquals(event.place.position.split("-")[1], String(position?.["now"]).split("-")[1]);
  });

  await t.step("an intent whose session is gone", async () => {
    const tags = ["left:2"];
    const write = { id: "x", tags, shard: "s2", node: two.name, connection: 99_999, limitMs: 1 };
    await events.record([{ kind: "intent", ...write }]);
    await eventually(() => told.some((event) => event.kind === "done" && event.id === "x"));
    assertEquals(await events.overdue(), []);
  });

  await t.step("a shard without the table is said once", () => {
    const missing = () => service.logs.filter((line) => line.includes("outbox not swept"));
    assertEquals(missing().length, 1, missing().join("\n"));
    assert(missing()[0]?.includes("schema:install"));
  });
  await service.stop();
  assertEquals(service.logs.filter((line) => line.includes('"ERROR"')), []);
});
