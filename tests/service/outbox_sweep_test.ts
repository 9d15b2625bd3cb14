import { assert, assertEquals } from "@std/assert";
import type { CacheEvent } from "../../src/cache/cache_event.ts";
import type { MysqlSession, Ok } from "../../src/drivers/mysql.ts";
import { hasReached, parsePosition } from "../../src/routing/gtid_position.ts";
import { TestServer } from "../pool/fixture.ts";
import { install } from "../routing/probed_stack.ts";
import { eventually } from "../support/eventually.ts";
import { countStatements, statementsOf } from "../support/statement_count.ts";
import { SweepSetting } from "./sweep_setting.ts";

const server = TestServer.forThisFile();
Deno.test.beforeAll(async () => void await install(server.node));

async function leave(session: MysqlSession, tags: readonly string[]): Promise<Ok> {
  const sql = "INSERT INTO realmgate_outbox (tags) VALUES (?)";
  const result = await session.execute(sql, [JSON.stringify(tags)]);
  assert(result.kind === "ok");
  return result;
}

function tagsOf(told: readonly CacheEvent[]): string[] {
  return told.flatMap((event) => event.kind === "dropped" ? event.tags : []);
}

function covers(position: string, gtid: string): boolean {
  const [at, floor] = [parsePosition(position), parsePosition(gtid)];
  return at !== undefined && floor !== undefined && hasReached(at, floor);
}

Deno.test("OutboxSweep tells of rows with a position that covers them, then deletes them", async () => {
  await using setting = await SweepSetting.open(server);
  const session = await setting.session();
  await leave(session, ["guild:1", "guilds"]);
  const { gtid = "" } = await leave(session, ["guild:2", "guilds", "ü"]);
  const outbox = setting.outbox();
  await outbox.sweep();
  const [event, second] = setting.told;
  assert(event?.kind === "dropped" && event.place !== undefined && second === undefined);
  assertEquals(event.tags, ["guild:1", "guilds", "guild:2", "ü"]);
  assertEquals([event.place.shard, event.place.epoch], ["s1", "7"]);
  assert(covers(event.place.position, gtid), event.place.position);
  assertEquals([await setting.rows(), setting.lines], [[], ["outbox swept: 2"]]);
});

Deno.test("OutboxSweep costs one statement when nothing is there", async () => {
  await using setting = await SweepSetting.open(server);
  await countStatements(server.node);
  const outbox = setting.outbox();
  await outbox.sweep();
  const before = await statementsOf(server.node, server.target.user);
  for (let second = 0; second < 5; second++) await outbox.sweep();
  assertEquals(await statementsOf(server.node, server.target.user) - before, 5);
  assertEquals([setting.told, setting.lines], [[], []]);
});

Deno.test("OutboxSweep loses no row when a later id is committed first", async () => {
  await using setting = await SweepSetting.open(server);
  const outbox = setting.outbox();
  const [slow, fast] = [await setting.session(), await setting.session()];
  await slow.query("START TRANSACTION");
  await leave(slow, ["slow"]);
  const { insertId } = await leave(fast, ["fast"]);
  // It does not wait for the write that is under way, whose row stands before.
  await outbox.sweep();
  assertEquals([tagsOf(setting.told), setting.lines], [["fast"], ["outbox swept: 1"]]);
  await slow.query("COMMIT");
  const behind = `SELECT COUNT(*) FROM realmgate_outbox WHERE id > ${insertId}`;
  assertEquals(await server.value(behind), "0", "the control: a cursor would have passed it by");
  await outbox.sweep();
  assertEquals([tagsOf(setting.told), await setting.rows()], [["fast", "slow"], []]);
});

Deno.test("OutboxSweep keeps what it cannot tell when Redis is away, and tells an empty one", async () => {
  await using setting = await SweepSetting.open(server);
  const { redis } = server.stack;
  const outbox = setting.outbox();
  await leave(await setting.session(), ["kept"]);
  redis.kill("SIGKILL");
  await eventually(() => setting.redis.state === "down");
  await outbox.sweep();
  assertEquals([await setting.rows(), setting.lines], [['["kept"]'], []]);
  await redis.restart();
  await eventually(() => setting.redis.state === "up");
  await outbox.sweep();
  assertEquals([tagsOf(setting.told), await setting.rows()], [["kept"], []]);
});

Deno.test("OutboxSweep splits what is more than a message holds, and goes on while there is more", async () => {
  await using setting = await SweepSetting.open(server);
  await server.node.sql(
    `INSERT INTO realmgate_outbox (tags)
       SELECT CONCAT('["', REPEAT('x', 90), seq, '"]') FROM seq_1_to_2500`,
  );
  await setting.outbox().sweep();
  assertEquals([await setting.rows(), setting.lines], [[], ["outbox swept: 2500"]]);
  assertEquals(new Set(tagsOf(setting.told)).size, 2_500);
  assert(setting.sizes.length >= 5 && Math.max(...setting.sizes) < 65_536, `${setting.sizes}`);
});

Deno.test("OutboxSweep does no harm when another sweeps at the same time", async () => {
  await using setting = await SweepSetting.open(server);
  const sweepers = [setting.outbox(), setting.outbox(), setting.outbox()];
  const writer = await setting.session();
  const written = [];
  for (let n = 0; n < 60; n++) {
    const sweeps = sweepers.map((outbox) => outbox.sweep());
    await leave(writer, [`n:${n}`]);
    written.push(`n:${n}`);
    if (n % 3 === 0) await Promise.all(sweeps);
  }
  await Promise.all(sweepers.map((outbox) => outbox.sweep()));
  await Promise.all(sweepers.map((outbox) => outbox.sweep()));
  assertEquals(await setting.rows(), []);
  assertEquals([...new Set(tagsOf(setting.told))].sort(), written.sort());
  assertEquals(setting.lines.filter((line) => !line.startsWith("outbox swept")), []);
});

Deno.test("OutboxSweep says once that the table is missing, and sweeps when it is there", async () => {
  await using setting = await SweepSetting.open(server);
  const outbox = setting.outbox();
  await server.node.sql("RENAME TABLE realmgate_outbox TO away");
  for (let second = 0; second < 3; second++) await outbox.sweep();
  await server.node.sql("RENAME TABLE away TO realmgate_outbox");
  const missing = "outbox not swept: the shard must have the table realmgate_outbox: " +
    "deno task schema:install";
  assertEquals(setting.lines, [missing]);
  await leave(await setting.session(), ["there"]);
  await outbox.sweep();
  assertEquals([tagsOf(setting.told), setting.lines.length], [["there"], 2]);
});

Deno.test("OutboxSweep goes on with the others when it cannot read a row", async () => {
  await using setting = await SweepSetting.open(server);
  const session = await setting.session();
  await session.query(`INSERT INTO realmgate_outbox (tags) VALUES ('{"v": 2}'), ('[1]'), ('[')`);
  await leave(session, ["read"]);
  await setting.outbox().sweep();
  assertEquals([tagsOf(setting.told), await setting.rows()], [["read"], []]);
  assertEquals(setting.lines.length, 4);
});

Deno.test("OutboxSweep purges a row only when no cache can need it any longer", async () => {
  await using setting = await SweepSetting.open(server);
  const outbox = setting.outbox({ keepMs: 90_000 });
  const open = await setting.session();
  await open.query("START TRANSACTION");
  const old = (seconds: number, tag: string) =>
    `INSERT INTO realmgate_outbox (created_at, tags)
       VALUES (UTC_TIMESTAMP(6) - INTERVAL ${seconds} SECOND, '["${tag}"]')`;
  await open.query(old(200, "under way"));
  await server.node.sql(`${old(91, "old")};${old(80, "young")};${old(1_000, "oldest")}`);
  await outbox.purge();
  assertEquals([await setting.rows(), setting.told], [['["young"]'], []]);
  assertEquals(setting.lines, ["outbox purged: 2"]);
});
