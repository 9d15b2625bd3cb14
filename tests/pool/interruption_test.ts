import { assert, assertEquals, assertRejects } from "@std/assert";
import { SqlError } from "../../src/drivers/mysql.ts";
import { InterruptedError } from "../../src/pool/interrupted_error.ts";
import { eventually } from "../support/eventually.ts";
import { firstRow, PoolFixture, TestServer } from "./fixture.ts";
import { TcpProxy } from "./tcp_proxy.ts";

const server = TestServer.forThisFile({
  schema: "CREATE TABLE counters (id INT PRIMARY KEY, n BIGINT NOT NULL);" +
    "INSERT INTO counters VALUES (1, 0), (2, 0)",
});

const SLOW_READ = "SELECT SLEEP(30)";
const SLOW_WRITE = "UPDATE counters SET n = n + 1 WHERE id = 1 AND SLEEP(30) = 0";
const WRITE = "UPDATE counters SET n = n + 1 WHERE id = 2";

/** Whether the service's account runs a statement with this in it. */
async function runs(text: string): Promise<boolean> {
  const found = await server.value(
    "SELECT COUNT(*) FROM information_schema.processlist" +
      ` WHERE user = 'realmgate' AND info LIKE '%${text}%'`,
  );
  return Number(found) > 0;
}

async function counter(id: number): Promise<number> {
  return Number(await server.value(`SELECT n FROM counters WHERE id = ${id}`));
}

/** A pool behind a proxy, so that a test decides when the server's answers arrive. */
function behind(proxy: TcpProxy): PoolFixture {
  return new PoolFixture({ target: { ...server.target, port: proxy.port }, max: 1 });
}

Deno.test("a read fails at once and leaves the server when its scope ends", async () => {
  await using fixture = new PoolFixture({ target: server.target, max: 1 });
  const scope = fixture.scope();
  const lease = await fixture.lease("read", scope);
  const read = lease.execute(SLOW_READ, [], { scope });
  await eventually(() => runs("SLEEP"));
  scope.end("client_closed");
  const error = await assertRejects(() => read, InterruptedError);
  assertEquals([error.end, error.outcome], ["client_closed", "not_applied"]);
  fixture.pool.release(lease);
  assertEquals(fixture.pool.stats().validating, 1);
  await eventually(async () => !await runs("SLEEP"), { withinMs: 1_000 });
  assertEquals(firstRow(await fixture.run("SELECT 7")), [7]);
  const { created, interrupted, killed } = fixture.pool.stats().totals;
  assertEquals([created, interrupted, killed], [1, 1, 1]);
});

Deno.test("the next borrower is unharmed when a statement was stopped, 1,000 times", async () => {
  // A machine that stands still for a second costs no connection here, so the counts are exact.
  const config = { target: server.target, max: 2, interruptTimeoutMs: 20_000 };
  await using fixture = new PoolFixture(config);
  for (let turn = 0; turn < 1_000; turn++) {
    const scope = fixture.scope();
    const lease = await fixture.lease("stopped", scope);
    const read = lease.execute(SLOW_READ, [], { scope });
    // Some are stopped before the server has even begun, some while it sleeps.
    if (turn % 2 === 0) await fixture.run("SELECT 1");
    scope.end("client_closed");
    await assertRejects(() => read, InterruptedError);
    fixture.pool.release(lease);
    assertEquals(firstRow(await fixture.run(`SELECT ${turn}`)), [turn]);
    assertEquals(firstRow(await fixture.run("SELECT 'unharmed'")), ["unharmed"]);
  }
  await eventually(() => fixture.pool.stats().validating === 0);
  const { created, interrupted, killed } = fixture.pool.stats().totals;
  assertEquals([created, interrupted, killed], [2, 1_000, 1_000]);
  assert(!await runs("SLEEP"));
});

Deno.test("a write is not applied when the server says that it was stopped", async () => {
  await using fixture = new PoolFixture({ target: server.target, max: 1 });
  const scope = fixture.scope();
  const write = fixture.run(SLOW_WRITE, { scope, settle: true });
  await eventually(() => runs("SLEEP"));
  scope.end("deadline_exceeded");
  const error = await assertRejects(() => write, InterruptedError);
  assertEquals([error.end, error.outcome], ["deadline_exceeded", "not_applied"]);
  assertEquals(await counter(1), 0);
});

Deno.test("a write that was done before its KILL is unknown, for nothing acknowledged it", async () => {
  using proxy = new TcpProxy(server.node.port);
  await using fixture = behind(proxy);
  await fixture.run(WRITE);
  const before = await counter(2);
  proxy.holdReplies();
  const scope = fixture.scope();
  const write = assertRejects(
    () => fixture.run(WRITE, { scope, settle: true }),
    InterruptedError,
  );
  await eventually(async () => await counter(2) === before + 1);
  scope.end("client_closed");
  await eventually(() => fixture.pool.stats().totals.killed === 1);
  proxy.letThrough();
  assertEquals((await write).outcome, "unknown");
  assertEquals(firstRow(await fixture.run("SELECT 7")), [7]);
  assertEquals(fixture.pool.stats().totals.created, 1);
});

Deno.test("a write keeps the server's own error when that came instead of the stop", async () => {
  using proxy = new TcpProxy(server.node.port);
  await using fixture = behind(proxy);
  const write = "INSERT INTO counters VALUES (1, 0)";
  await assertRejects(() => fixture.run(write), SqlError);
  proxy.holdReplies();
  const scope = fixture.scope();
  const lease = await fixture.lease("write", scope);
  const again = lease.execute(write, [], { scope, settle: true });
  const failed = assertRejects(() => again, SqlError);
  scope.end("client_closed");
  await eventually(() => fixture.pool.stats().totals.killed === 1);
  proxy.letThrough();
  assertEquals((await failed).errno, 1062);
  fixture.pool.release(lease);
});

Deno.test("a write's outcome is unknown when the server's word on it does not come", async () => {
  using proxy = new TcpProxy(server.node.port);
  await using fixture = behind(proxy);
  await fixture.run(WRITE);
  const before = await counter(2);
  proxy.holdReplies();
  const scope = fixture.scope();
  const write = fixture.run(WRITE, { scope, settle: true });
  await eventually(async () => await counter(2) === before + 1);
  scope.end("deadline_exceeded");
  const error = await assertRejects(() => write, InterruptedError);
  assertEquals([error.end, error.outcome], ["deadline_exceeded", "unknown"]);
  assertEquals(fixture.pool.stats().totals.closed.interrupted, 1);
  assertEquals(firstRow(await fixture.run("SELECT 7")), [7]);
});

Deno.test("a COMMIT is waited for and not killed when its scope ends", async () => {
  using proxy = new TcpProxy(server.node.port);
  await using fixture = behind(proxy);
  const scope = fixture.scope();
  const before = await counter(2);
  const lease = await fixture.lease("transaction", scope);
  await lease.query("START TRANSACTION", { scope });
  await lease.execute(WRITE, [], { scope });
  proxy.holdReplies();
  const commit = lease.query("COMMIT", { scope, settle: true });
  scope.end("deadline_exceeded");
  await eventually(async () => await counter(2) === before + 1);
  proxy.letThrough();
  assertEquals((await commit).kind, "ok");
  fixture.pool.release(lease);
  const { interrupted, killed } = fixture.pool.stats().totals;
  assertEquals([interrupted, killed], [1, 0]);
  assertEquals(firstRow(await fixture.run("SELECT 7")), [7]);
});

Deno.test("a transaction is rolled back when its borrower gives the connection back", async () => {
  await using fixture = new PoolFixture({ target: server.target, max: 1 });
  const before = await counter(2);
  const scope = fixture.scope();
  const lease = await fixture.lease("transaction", scope);
  await lease.query("START TRANSACTION", { scope });
  await lease.execute(WRITE, [], { scope });
  fixture.pool.release(lease);
  const row = firstRow(await fixture.run("SELECT n, @@in_transaction FROM counters WHERE id = 2"));
  assertEquals(row, [String(before), "0"]);
});

Deno.test("a stopped command's connection is closed when the server is behind a proxy", async () => {
  await using fixture = new PoolFixture({ target: server.target, max: 1, proxied: true });
  const scope = fixture.scope();
  const read = fixture.run(SLOW_READ, { scope });
  await eventually(() => runs("SLEEP"));
  scope.end("client_closed");
  assertEquals((await assertRejects(() => read, InterruptedError)).outcome, "not_applied");
  const { closed, killed } = fixture.pool.stats().totals;
  assertEquals([closed.interrupted, killed], [1, 0]);
  const other = fixture.scope();
  const write = fixture.run(SLOW_WRITE, { scope: other, settle: true });
  await eventually(() => runs("UPDATE"));
  other.end("client_closed");
  assertEquals((await assertRejects(() => write, InterruptedError)).outcome, "unknown");
});

Deno.test("a command is stopped when its borrower gives the connection back under it", async () => {
  await using fixture = new PoolFixture({ target: server.target, max: 1 });
  const scope = fixture.scope();
  const lease = await fixture.lease("careless", scope);
  const read = lease.execute(SLOW_READ, [], { scope });
  const stopped = assertRejects(() => read, InterruptedError);
  fixture.pool.release(lease);
  await stopped;
  assertEquals(firstRow(await fixture.run("SELECT 7")), [7]);
  assertEquals(fixture.pool.stats().totals.created, 1);
});

Deno.test("a command is refused when its scope has ended before", async () => {
  await using fixture = new PoolFixture({ target: server.target, max: 1 });
  const lease = await fixture.lease();
  const scope = fixture.scope();
  scope.end("shutting_down");
  const error = await assertRejects(() => lease.execute(WRITE, [], { scope }), InterruptedError);
  assertEquals([error.end, error.outcome], ["shutting_down", "not_applied"]);
  fixture.pool.release(lease);
  assertEquals(fixture.pool.stats().idle, 1);
});
