import { assert, assertEquals, assertRejects } from "@std/assert";
import { RealmgateError } from "../../src/core/errors.ts";
import type { Scope } from "../../src/core/scope.ts";
import { SqlError } from "../../src/drivers/mysql.ts";
import { InterruptedError } from "../../src/pool/interrupted_error.ts";
import { parseFence } from "../../src/query/fence.ts";
import { transactWrite } from "../../src/query/transact_write.ts";
import type { Written } from "../../src/query/write_position.ts";
import { PoolFixture } from "../pool/fixture.ts";
import { type Interception, TcpProxy } from "../pool/tcp_proxy.ts";
import { eventually } from "../support/eventually.ts";
import { fencedServer, lockWait, openSession } from "./fenced_server.ts";

const server = fencedServer();
const LAND = "INSERT INTO landed (fence, note) VALUES (1, ?)";
const LOSSES: readonly Interception[] = ["lose request", "lose answer"];

function pool(port = server.node.port): PoolFixture {
  return new PoolFixture({ target: { ...server.target, port }, max: 1 });
}

/** Writes a note, with a row in the outbox that names it. */
async function land(
  fixture: PoolFixture,
  note: string,
  options: { readonly fence?: string; readonly scope?: Scope; readonly sql?: string } = {},
): Promise<Written> {
  const { scope = fixture.scope(), sql = LAND } = options;
  const fence = options.fence === undefined ? undefined : parseFence(options.fence);
  const lease = await fixture.lease("test", scope);
  try {
    const bound = { sql, values: [note] };
    return await transactWrite(lease, { bound, scope, fence, tags: ["a:1", note], label: "test" });
  } finally {
    fixture.pool.release(lease);
  }
}

/** How often a note has landed, and how many rows of the outbox tell of it. */
async function trace(note: string): Promise<number[]> {
  const count = async (sql: string) => Number(await server.value(sql));
  return [
    await count(`SELECT COUNT(*) FROM landed WHERE note = '${note}'`),
    await count(`SELECT COUNT(*) FROM realmgate_outbox WHERE tags = '["a:1","${note}"]'`),
  ];
}

Deno.test("recordOutbox leaves a row with the tags and the server's time when its write is applied", async () => {
  await using fixture = pool();
  const plain = await land(fixture, "plain");
  const fenced = await land(fixture, "ünder a fence", { fence: "outbox=1" });
  assert(plain.kind === "ok" && fenced.kind === "ok");
  assertEquals([plain.affectedRows, fenced.affectedRows], [1, 1]);
  const seq = await server.value("SELECT MAX(seq) FROM landed");
  assertEquals(fenced.insertId, seq, "the outbox's row is not the one that was inserted");
  assert(plain.gtid !== undefined && fenced.gtid !== plain.gtid);
  assertEquals([await trace("plain"), await trace("ünder a fence")], [[1, 1], [1, 1]]);
  const age = await server.value(
    "SELECT MAX(ABS(TIMESTAMPDIFF(SECOND, created_at, UTC_TIMESTAMP(6)))) FROM realmgate_outbox",
  );
  assert(Number(age) < 20, `${age} s`);
  assertEquals(fixture.pool.stats().validating, 0, "the connection is clean");
  assertEquals(fixture.pool.stats().totals.created, 1);
});

Deno.test("recordOutbox leaves nothing when its write fails or its fence is old", async () => {
  await using fixture = pool();
  await land(fixture, "once", { fence: "twice=5" });
  const twice = await assertRejects(() => land(fixture, "once", { fence: "twice=6" }), SqlError);
  assertEquals([twice.kind, twice.errno], ["server", 1062]);
  const old = await assertRejects(
    () => land(fixture, "old", { fence: "twice=4" }),
    RealmgateError,
  );
  assertEquals(old.code, "stale_fence");
  assertEquals([await trace("once"), await trace("old")], [[1, 1], [0, 0]]);
  assertEquals(fixture.pool.stats().totals.created, 1);
});

Deno.test("recordOutbox leaves nothing when its connection is lost before the COMMIT", async () => {
  const requests = ["START TRANSACTION", "INSERT INTO realmgate_outbox", "INSERT INTO landed"];
  for (const text of requests) {
    for (const loss of LOSSES) {
      using proxy = new TcpProxy(server.node.port);
      await using fixture = pool(proxy.port);
      proxy.intercept(text, () => loss);
      const error = await assertRejects(() => land(fixture, `${text}, ${loss}`), SqlError);
      assertEquals(error.kind, "connect_failed", "it is certainly not applied");
      await eventually(async () => await server.sessions() === 0);
      assertEquals(await trace(`${text}, ${loss}`), [0, 0]);
    }
  }
});

Deno.test("recordOutbox leaves its row exactly if the write is applied when the COMMIT is not answered", async () => {
  for (const loss of LOSSES) {
    using proxy = new TcpProxy(server.node.port);
    await using fixture = pool(proxy.port);
    proxy.intercept("COMMIT", () => loss);
    const error = await assertRejects(() => land(fixture, loss), SqlError);
    assertEquals(error.kind, "connection_lost", "nobody knows");
    await eventually(async () => await server.sessions() === 0);
    const applied = loss === "lose answer" ? 1 : 0;
    assertEquals(await trace(loss), [applied, applied]);
  }
});

Deno.test("recordOutbox leaves nothing when its write's scope ends during the statement", async () => {
  await using fixture = pool();
  await using other = await openSession(server);
  await other.query("START TRANSACTION");
  await other.query("SELECT * FROM gold WHERE id = 1 FOR UPDATE");
  const scope = fixture.scope();
  const write = assertRejects(
    () => land(fixture, "late", { scope, sql: "UPDATE gold SET amount = 1 WHERE id = 1 OR ? = 1" }),
    InterruptedError,
  );
  await lockWait(server);
  scope.end("deadline_exceeded");
  assertEquals((await write).outcome, "not_applied");
  await other.query("ROLLBACK");
  await eventually(async () => `${await trace("late")}` === "0,0");
});

Deno.test("recordOutbox says what an operator must do when the table is missing", async () => {
  await using fixture = pool();
  await server.node.sql("RENAME TABLE realmgate_outbox TO away");
  const error = await assertRejects(() => land(fixture, "missing"), RealmgateError);
  await server.node.sql("RENAME TABLE away TO realmgate_outbox");
  assertEquals([error.code, error.outcome], ["statement_unavailable", "not_applied"]);
  assert(error.message.includes("deno task schema:install"), error.message);
  assertEquals(await trace("missing"), [0, 0]);
  await land(fixture, "missing");
  assertEquals(await trace("missing"), [1, 1]);
});
