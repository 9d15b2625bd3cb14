import { assert, assertEquals, assertRejects } from "@std/assert";
import type { CoherenceLog } from "../../src/cache/coherence_log.ts";
import { SqlError } from "../../src/drivers/mysql.ts";
import { TestServer } from "../pool/fixture.ts";
import { install } from "../routing/probed_stack.ts";
import { eventually } from "../support/eventually.ts";
import { redisCommand } from "../support/redis_command.ts";
import { lockRow } from "../support/row_lock.ts";
import { SweepSetting } from "./sweep_setting.ts";

const server = TestServer.forThisFile({
  schema: "CREATE TABLE players (id INT PRIMARY KEY, gold INT NOT NULL) ENGINE=InnoDB; " +
    "INSERT INTO players VALUES (1, 0), (2, 0)",
});
Deno.test.beforeAll(async () => void await install(server.node));
const ADD = "UPDATE players SET gold = gold + 1 WHERE id = 1";

const gold = async () => Number(await server.value("SELECT gold FROM players WHERE id = 1"));

async function isListed(connection: number): Promise<boolean> {
  const list = `SELECT 1 FROM information_schema.processlist WHERE id = ${connection}`;
  return await server.value(list) !== undefined;
}

/** The log, and whether a session was still there when something was told. */
function watched(events: CoherenceLog, connection: number) {
  const listed: boolean[] = [];
  const log: Pick<CoherenceLog, "overdue" | "record"> = {
    overdue: () => events.overdue(),
    record: async (told) => {
      listed.push(await isListed(connection));
      await events.record(told);
    },
  };
  return { listed, events: log };
}

Deno.test("IntentSweep tells where the shard is only once the write is ended when it hangs", async () => {
  await using setting = await SweepSetting.open(server);
  const writer = await setting.session();
  const { listed, events } = watched(setting.events, writer.threadId);
  await writer.query(ADD);
  const before = await gold();
  await using lock = await lockRow(server.node, 1);
  const write = assertRejects(() => writer.query(ADD), SqlError);
  await setting.intend({ id: "hangs", connection: writer.threadId, tags: ["a", "b"] });
  const sweep = setting.intents({ events });
  await sweep.sweep();
  await write;
  await lock.release();
  assertEquals([listed, await setting.unsettled()], [[false], []]);
  assertEquals(await gold(), before, "what was killed changes nothing later");
  const position = await setting.position();
  assertEquals(setting.ends, [
    { kind: "done", id: "hangs", tags: ["a", "b"], shard: "s1", epoch: "7", position },
  ]);
  assertEquals(setting.lines, ["writes settled: 1"]);
});

Deno.test("IntentSweep tells a position that covers the write when its KILL came too late", async () => {
  await using setting = await SweepSetting.open(server);
  const sweep = setting.intents();
  let applied = 0;
  for (let round = 0; round < 12; round++) {
    const writer = await setting.session();
    await using lock = await lockRow(server.node, 1);
    const before = await gold();
    const write = writer.query(ADD).then(() => 1, () => 0);
    await setting.intend({ id: `round ${round}`, connection: writer.threadId });
    await Promise.all(
      round % 2 === 0
        ? [lock.release(), sweep.sweep()]
        : [sweep.sweep(), write.then(() => lock.release())],
    );
    const end = setting.ends.find((told) => told.kind === "done" && told.id === `round ${round}`);
    assert(end?.kind === "done");
    const now = await gold();
    await write;
    assertEquals(await gold(), now, "nothing is applied after the intent was closed");
    assertEquals(end.position, await setting.position(), "nor is anything committed");
    applied += now - before;
  }
  assert(applied > 0, "the races must be able to show a write that was applied");
});

Deno.test("a position that is told without ending the session does not cover its write", async () => {
  await using setting = await SweepSetting.open(server);
  const writer = await setting.session();
  await using lock = await lockRow(server.node, 1);
  const write = writer.query(ADD);
  const told = await setting.position();
  await lock.release();
  await write;
  assert(told !== await setting.position());
});

Deno.test("IntentSweep waits for the end when a killed session has much to undo", async () => {
  await using setting = await SweepSetting.open(server);
  const writer = await setting.session();
  const { listed, events } = watched(setting.events, writer.threadId);
  await writer.query("START TRANSACTION");
  await writer.query("INSERT INTO players SELECT seq, 0 FROM seq_10_to_150000");
  await setting.intend({ id: "undone", connection: writer.threadId });
  const sweep = setting.intents({ events });
  await eventually(async () => {
    await sweep.sweep();
    return (await setting.unsettled()).length === 0;
  });
  assertEquals(listed, [false]);
});

Deno.test("IntentSweep closes an intent when its session is gone", async () => {
  await using setting = await SweepSetting.open(server);
  const writer = await setting.session();
  await writer.query(ADD);
  await writer.end();
  await eventually(async () => !await isListed(writer.threadId));
  await setting.intend({ id: "gone", connection: writer.threadId });
  await setting.intents().sweep();
  const position = await setting.position();
  assertEquals(setting.ends, [
    { kind: "done", id: "gone", tags: ["tag:gone"], shard: "s1", epoch: "7", position },
  ]);
});

Deno.test("IntentSweep leaves a session alone when its writer tells by itself in time", async () => {
  await using setting = await SweepSetting.open(server);
  const writer = await setting.session();
  const sweep = setting.intents({ graceMs: 2_000 });
  await setting.intend({ id: "lives", connection: writer.threadId });
  await setting.intend({ id: "dead", connection: writer.threadId + 1_000 });
  await sweep.sweep();
  setting.ahead = 1_900;
  await sweep.sweep();
  assertEquals(setting.ends, []);
  await setting.events.record([{ kind: "aborted", id: "lives" }]);
  setting.ahead = 2_100;
  await sweep.sweep();
  assertEquals(setting.ends.map((end) => end.kind === "dropped" || end.id), ["lives", "dead"]);
  assert(await isListed(writer.threadId));
});

Deno.test("IntentSweep leaves a session alone when it is another account's", async () => {
  await using setting = await SweepSetting.open(server);
  await server.node.sql("GRANT PROCESS ON *.* TO realmgate@'%'");
  await using lock = await lockRow(server.node, 2);
  const [other] = await server.node.sql(
    "SELECT id FROM information_schema.processlist WHERE user <> 'realmgate' AND command = 'Sleep'",
  );
  const connection = Number(other?.["id"]);
  await setting.intend({ id: "other's", connection });
  await setting.intents().sweep();
  await server.node.sql("REVOKE PROCESS ON *.* FROM realmgate@'%'");
  assertEquals([await setting.unsettled(), setting.lines], [[], ["writes settled: 1"]]);
  assert(await isListed(connection));
  await lock.release();
});

Deno.test("IntentSweep leaves a session alone when the one of its id was ended by a restart", async () => {
  await using setting = await SweepSetting.open(server);
  const connection = 60;
  const sweep = setting.intents({ graceMs: 1_000 });
  await setting.intend({ id: "before", connection });
  await sweep.sweep();
  await server.node.restart();
  let innocent = await setting.session();
  while (innocent.threadId < connection) {
    await innocent.end();
    innocent = await setting.session();
  }
  assertEquals(innocent.threadId, connection, "a server begins to count anew");
  setting.ahead = 3_600_000;
  await sweep.sweep();
  assertEquals([await setting.unsettled(), setting.lines], [[], ["writes settled: 1"]]);
  await innocent.query(ADD);
});

Deno.test("IntentSweep does no harm when another sweeps at the same time", async () => {
  await using setting = await SweepSetting.open(server);
  await using lock = await lockRow(server.node, 1);
  const sweeps = [setting.intents(), setting.intents(), setting.intents()];
  const writers = await Promise.all([1, 2, 3, 4].map(() => setting.session()));
  const writes = writers.map((writer) => writer.query(ADD).catch(() => "killed"));
  for (const { threadId } of writers) {
    await setting.intend({ id: `${threadId}`, connection: threadId });
  }
  await Promise.all(sweeps.map((sweep) => sweep.sweep()));
  assertEquals(new Set(await Promise.all(writes)), new Set(["killed"]));
  assertEquals(await setting.unsettled(), []);
  assertEquals(new Set(setting.lines), new Set(["writes settled: 4"]));
  await lock.release();
});

Deno.test("IntentSweep goes on when Redis was emptied", async () => {
  await using setting = await SweepSetting.open(server);
  const sweep = setting.intents();
  const writer = await setting.session();
  const intent = { id: "emptied", connection: writer.threadId };
  await setting.intend(intent);
  await redisCommand(server.stack.redis, "FLUSHALL");
  await sweep.sweep();
  assertEquals([setting.ends, setting.lines], [[], []]);
  // As isolates do that still know of it.
  await setting.intend(intent);
  await sweep.sweep();
  assertEquals([await setting.unsettled(), setting.ends.length], [[], 1]);
});
