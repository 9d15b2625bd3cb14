import { assert, assertEquals, assertRejects, assertStringIncludes } from "@std/assert";
import { RealmgateError } from "../../src/core/errors.ts";
import { FencedFixture, fencedServer, lockWait, openSession } from "./fenced_server.ts";

const server = fencedServer();

/** The newest fence that the server has recorded for a lock. */
async function recorded(lock: string): Promise<unknown> {
  return await server.value(`SELECT fence FROM realmgate_fences WHERE name = '${lock}'`);
}

async function gold(): Promise<number> {
  return Number(await server.value("SELECT amount FROM gold WHERE id = 1"));
}

async function refusal(write: () => Promise<unknown>): Promise<RealmgateError> {
  return await assertRejects(write, RealmgateError);
}

Deno.test("transactWrite refuses an older fence once a newer one is recorded, and changes nothing", async () => {
  await using fixture = new FencedFixture({ target: server.target });
  const add = (fence: string) => fixture.write("test.add", { amount: 1 }, { fence });
  const before = await gold();
  await add("raid=7");
  await add("raid=7");
  assertEquals([await gold(), await recorded("raid")], [before + 2, "7"]);
  await add("raid=9");
  const error = await refusal(() => add("raid=8"));
  assertEquals([error.code, error.outcome, error.retry], ["stale_fence", "not_applied", "never"]);
  assertEquals(error.extra, { lock: "raid", fence: "8", newest: "9" });
  assertEquals([await gold(), await recorded("raid")], [before + 3, "9"]);
  await add("other=1");
  await fixture.write("test.add", { amount: 1 });
  assertEquals(await gold(), before + 5, "another lock's fence and no fence are not refused");
  assertEquals(fixture.pool.pool.stats().totals.created, 1);
  assertEquals(fixture.pool.pool.stats().validating, 0);
});

Deno.test("transactWrite compares numbers exactly, beyond 2^53 too", async () => {
  await using fixture = new FencedFixture({ target: server.target });
  const add = (fence: string) => fixture.write("test.add", { amount: 1 }, { fence });
  for (const newer of ["9007199254740993", "9223372036854775807"]) {
    const older = String(BigInt(newer) - 1n);
    assertEquals(Number(older), Number(newer), "a JavaScript number cannot tell them apart");
    await add(`exact=${newer}`);
    const error = await refusal(() => add(`exact=${older}`));
    assertEquals(error.extra, { lock: "exact", fence: older, newest: newer });
    await add(`exact=${newer}`);
    assertEquals(await recorded("exact"), newer);
  }
});

Deno.test("transactWrite records no fence when its statement fails", async () => {
  await using fixture = new FencedFixture({ target: server.target });
  const land = (fence: string, note: string) =>
    fixture.write("test.land", { fence: 0, note }, { fence });
  await land("failing=5", "once");
  const error = await refusal(() => land("failing=7", "once"));
  assertEquals([error.code, error.outcome], ["constraint_violation", "not_applied"]);
  assertEquals(await recorded("failing"), "5");
  assertEquals(fixture.pool.pool.stats().validating, 0, "a ROLLBACK leaves the connection clean");
  await land("failing=6", "twice");
});

Deno.test("transactWrite answers what a plain write would, with the GTID of its commit", async () => {
  await using fixture = new FencedFixture({ target: server.target });
  const fence = "answers=9007199254740993";
  const plain = await fixture.write("test.add", { amount: 1 });
  const fenced = await fixture.write("test.add", { amount: 1 }, { fence });
  assert(plain.kind === "ok" && fenced.kind === "ok");
  assertEquals([fenced.affectedRows, fenced.insertId], [1, "0"], "the fence is no insert id");
  assert(fenced.gtid !== undefined && fenced.gtid !== plain.gtid);
  const landed = await fixture.write("test.land", { fence: 1 }, { fence });
  const rows = await fixture.write("test.returning", { fence: 1 }, { fence });
  assert(landed.kind === "ok" && rows.kind === "rows");
  assertEquals(rows.rows, [["1"]]);
  const seq = await server.value("SELECT MAX(seq) FROM landed");
  assertEquals(seq, String(BigInt(landed.insertId) + 1n), "what RETURNING answered is committed");
});

Deno.test("transactWrite says what an operator must do when the table is missing", async () => {
  await using fixture = new FencedFixture({ target: server.target });
  await server.node.sql("RENAME TABLE realmgate_fences TO away");
  const before = await gold();
  const add = () => fixture.write("test.add", { amount: 1 }, { fence: "raid=99" });
  const error = await refusal(add);
  await server.node.sql("RENAME TABLE away TO realmgate_fences");
  assertEquals([error.code, error.outcome], ["statement_unavailable", "not_applied"]);
  assertStringIncludes(error.message, "deno task schema:install");
  assertEquals(await gold(), before);
  await add();
  assertEquals(fixture.pool.pool.stats().totals.created, 1);
});

Deno.test("transactWrite tells of a deadlock as a plain write does, and nothing of it stays", async () => {
  await using fixture = new FencedFixture({ target: server.target });
  await using other = await openSession(server);
  await fixture.write("test.add", { amount: 0 }, { fence: "dead=1" });
  const before = await gold();
  // Takes the row and then the fence: the other way round. It has written more, so it wins.
  await other.query("START TRANSACTION");
  await other.query("UPDATE gold SET amount = amount + 1 WHERE id = 1");
  await other.query("INSERT INTO landed (fence) SELECT 0 FROM seq_1_to_1000");
  const write = refusal(() => fixture.write("test.add", { amount: 1 }, { fence: "dead=2" }));
  await lockWait(server);
  await other.query("SELECT fence FROM realmgate_fences WHERE name = 'dead' FOR UPDATE");
  const error = await write;
  await other.query("ROLLBACK");
  assertEquals([error.code, error.retry], ["deadlock", "later"]);
  assertEquals([await gold(), await recorded("dead")], [before, "1"]);
  assertEquals(fixture.pool.pool.stats().totals.created, 1);
});
