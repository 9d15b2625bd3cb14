import { assert, assertEquals, assertRejects, assertStrictEquals, assertThrows } from "@std/assert";
import { RealmgateError } from "../../src/core/errors.ts";
import { SqlError } from "../../src/drivers/mysql.ts";
import { Lease } from "../../src/pool/lease.ts";
import { eventually } from "../support/eventually.ts";
import { ManualClock } from "../support/manual_clock.ts";
import { firstRow, PoolFixture, TestServer } from "./fixture.ts";
import { TcpProxy } from "./tcp_proxy.ts";

const server = TestServer.forThisFile();

const CONNECTION = "SELECT CONNECTION_ID()";

Deno.test("ConnectionPool.acquire lends without a promise when a fresh connection is idle", async () => {
  await using fixture = new PoolFixture({ target: server.target, min: 1 });
  const { pool } = fixture;
  await pool.initialize();
  const lease = pool.acquire({ scope: fixture.scope(), label: "test" });
  assert(lease instanceof Lease);
  assertEquals([lease.state, pool.stats().inUse], ["in_use", 1]);
  pool.release(lease);
  assertEquals([lease.state, pool.stats().idle, pool.stats().totals.lent], ["closed", 1, 1]);
});

Deno.test("ConnectionPool serves callers first come first served when all connections are lent", async () => {
  await using fixture = new PoolFixture({ target: server.target, max: 1 });
  const first = await fixture.lease();
  const served: number[] = [];
  const waiting = [1, 2, 3].map(async (number) => {
    const lease = await fixture.lease();
    served.push(number);
    fixture.pool.release(lease);
  });
  assertEquals(fixture.pool.stats().waiting, 3);
  fixture.pool.release(first);
  await Promise.all(waiting);
  assertEquals(served, [1, 2, 3]);
  const { created, waits } = fixture.pool.stats().totals;
  assertEquals([created, waits], [1, 4]);
});

Deno.test("ConnectionPool.acquire refuses at once when as many callers wait as may", async () => {
  const limits = { max: 2, waitersPerConnection: 2 };
  await using fixture = new PoolFixture({ target: server.target, ...limits });
  const asked = Array.from({ length: 6 }, () => fixture.lease());
  const error = assertThrows(
    () => fixture.pool.acquire({ scope: fixture.scope(), label: "test" }),
    RealmgateError,
  );
  assertEquals([error.code, error.outcome], ["pool_saturated", "not_applied"]);
  assert((error.retryAfterMs ?? 0) > 0);
  await Promise.all(asked.map(async (lease) => fixture.pool.release(await lease)));
  assertEquals(fixture.pool.stats().totals.saturated, 1);
  fixture.pool.release(await fixture.lease());
});

Deno.test("ConnectionPool.acquire refuses who would wait when nobody may wait", async () => {
  await using fixture = new PoolFixture({ target: server.target, max: 1, waitersPerConnection: 0 });
  const lease = await fixture.lease();
  const error = await assertRejects(() => fixture.lease(), RealmgateError);
  assertEquals(error.code, "pool_saturated");
  fixture.pool.release(lease);
  fixture.pool.release(await fixture.lease());
});

Deno.test("ConnectionPool.acquire fails when its scope's deadline passes", async () => {
  await using fixture = new PoolFixture({ target: server.target, max: 1 });
  const held = await fixture.lease();
  const error = await assertRejects(() => fixture.lease("late", fixture.scope(20)), RealmgateError);
  assertEquals(error.code, "deadline_exceeded");
  assertEquals(fixture.pool.stats().waiting, 0);
  fixture.pool.release(held);
});

Deno.test("ConnectionPool.acquire fails when the pool's own time limit passes", async () => {
  await using fixture = new PoolFixture({ target: server.target, max: 1, acquireTimeoutMs: 20 });
  const held = await fixture.lease();
  const error = await assertRejects(() => fixture.lease(), RealmgateError);
  assertEquals([error.code, fixture.pool.stats().totals.timedOut], ["pool_saturated", 1]);
  fixture.pool.release(held);
});

Deno.test("ConnectionPool forgets a waiter when its client hangs up", async () => {
  await using fixture = new PoolFixture({ target: server.target, max: 1 });
  const held = await fixture.lease();
  const abandoned = fixture.scope();
  const [gone, next] = [fixture.lease("gone", abandoned), fixture.lease("next")];
  abandoned.end("client_closed");
  assertEquals((await assertRejects(() => gone, RealmgateError)).code, "client_closed_request");
  fixture.pool.release(held);
  const lease = await next;
  assertEquals([lease.label, fixture.pool.stats().inUse], ["next", 1]);
  fixture.pool.release(lease);
});

Deno.test("ConnectionPool.release admits one owner when it is called twice", async () => {
  await using fixture = new PoolFixture({ target: server.target, max: 1 });
  const first = await fixture.lease("first");
  fixture.pool.release(first);
  const second = await fixture.lease("second");
  fixture.pool.release(first);
  assertEquals([fixture.pool.stats().inUse, fixture.pool.stats().idle], [1, 0]);
  const third = fixture.lease("third");
  assertEquals(fixture.pool.stats().waiting, 1);
  assertThrows(() => void first.execute("SELECT 1", [], { scope: fixture.scope() }), TypeError);
  fixture.pool.release(second);
  fixture.pool.release(await third);
});

Deno.test("ConnectionPool replaces a connection when the server closed it", async () => {
  await using fixture = new PoolFixture({ target: server.target, max: 1 });
  const [before] = firstRow(await fixture.run(CONNECTION));
  await server.node.sql(`KILL ${before}`);
  await eventually(() => fixture.pool.stats().totals.closed.lost === 1);
  const [after] = firstRow(await fixture.run(CONNECTION));
  assert(after !== before);
  assertEquals(fixture.pool.stats().totals.created, 2);
});

Deno.test("ConnectionPool replaces an idle connection when the server no longer answers on it", async () => {
  using proxy = new TcpProxy(server.node.port);
  await using fixture = new PoolFixture({
    target: { ...server.target, port: proxy.port },
    max: 1,
    validateAfterIdleMs: 0,
    interruptTimeoutMs: 200,
  });
  const [before] = firstRow(await fixture.run(CONNECTION));
  proxy.holdReplies();
  const [after] = firstRow(await fixture.run(CONNECTION));
  assert(after !== before);
  assertEquals(fixture.pool.stats().totals.closed.invalid, 1);
});

Deno.test("ConnectionPool checks its idle connections side by side when a burst follows a pause", async () => {
  const clock = new ManualClock();
  await using fixture = new PoolFixture({ target: server.target, min: 4, max: 4 }, { clock });
  const { pool } = fixture;
  await pool.initialize();
  clock.advance(501);
  const asked = [1, 2, 3, 4].map(() => fixture.lease());
  assertEquals([pool.stats().validating, pool.stats().waiting], [4, 4]);
  for (const lease of await Promise.all(asked)) pool.release(lease);
  assertEquals([pool.stats().idle, pool.stats().totals.created], [4, 4]);
});

Deno.test("ConnectionPool closes a connection when its lifetime is over", async () => {
  const clock = new ManualClock();
  const times = { maxLifetimeMs: 10_000, validateAfterIdleMs: 1_000_000 };
  await using fixture = new PoolFixture({ target: server.target, min: 2, ...times }, { clock });
  const { pool } = fixture;
  await pool.initialize();
  clock.advance(8_999);
  pool.upkeep();
  assertEquals(pool.stats().idle, 2);
  const lent = await fixture.lease();
  clock.advance(1_001);
  pool.upkeep();
  assertEquals([pool.stats().idle, lent.state], [0, "in_use"]);
  pool.release(lent);
  await eventually(() => pool.stats().totals.closed.aged === 2);
});

Deno.test("ConnectionPool closes connections down to min when they idle for long", async () => {
  const clock = new ManualClock();
  const limits = { min: 1, max: 3, idleTimeoutMs: 5_000 };
  await using fixture = new PoolFixture({ target: server.target, ...limits }, { clock });
  const { pool } = fixture;
  const leases = await Promise.all([fixture.lease(), fixture.lease(), fixture.lease()]);
  for (const lease of leases) pool.release(lease);
  clock.advance(5_001);
  pool.upkeep();
  await eventually(() => pool.stats().totals.closed.idle === 2);
  assertEquals(pool.stats().idle, 1);
  await eventually(async () => await server.sessions() === 1);
});

Deno.test("ConnectionPool.warnOfLeaks names the borrower once when a connection is lent for long", async () => {
  const clock = new ManualClock();
  await using fixture = new PoolFixture({ target: server.target }, { clock });
  const lease = await fixture.lease("player.get");
  clock.advance(9_999);
  fixture.pool.warnOfLeaks();
  assertEquals(fixture.lines, []);
  clock.advance(1);
  fixture.pool.warnOfLeaks();
  fixture.pool.warnOfLeaks();
  assertEquals(fixture.lines.map(({ fields }) => fields), [
    { pool: "test", label: "player.get", lentMs: 10_000 },
  ]);
  assertEquals(fixture.pool.stats().totals.leakWarnings, 1);
  fixture.pool.release(lease);
});

Deno.test("ConnectionPool gives the next borrower a clean session when the last one left something", async () => {
  await using fixture = new PoolFixture({ target: server.target, max: 1 });
  const scope = fixture.scope();
  const lease = await fixture.lease("dirty", scope);
  const [id] = firstRow(await lease.query(CONNECTION, { scope }));
  await lease.query("SET @mine = 1, time_zone = '+05:00'", { scope });
  fixture.pool.release(lease);
  assertEquals(
    firstRow(await fixture.run("SELECT CONNECTION_ID(), @mine, @@time_zone")),
    [id, null, "+00:00"],
  );
});

Deno.test("ConnectionPool.shutdown waits for what is lent and refuses the rest when it is called", async () => {
  const before = await server.sessions();
  await using fixture = new PoolFixture({ target: server.target, max: 2 });
  const { pool } = fixture;
  const scope = fixture.scope();
  const [working, idle] = [await fixture.lease("a", scope), await fixture.lease("b", scope)];
  const command = working.execute("SELECT SLEEP(0.2)", [], { scope });
  const waiting = fixture.lease();
  const closed = pool.shutdown();
  assertStrictEquals(
    assertThrows(() => pool.acquire({ scope, label: "late" }), RealmgateError).code,
    "shutting_down",
  );
  assertEquals((await assertRejects(() => waiting, RealmgateError)).code, "shutting_down");
  pool.release(idle);
  assertEquals(firstRow(await command), [0]);
  pool.release(working);
  await closed;
  await pool.shutdown();
  assertEquals(pool.stats().totals.closed.shutdown, 2);
  await eventually(async () => await server.sessions() === before);
});

Deno.test("ConnectionPool.shutdown closes what is still lent when its time is up", async () => {
  await using fixture = new PoolFixture({ target: server.target });
  const scope = fixture.scope();
  const lease = await fixture.lease("stuck", scope);
  const command = lease.execute("SELECT SLEEP(30)", [], { scope });
  const failed = assertRejects(() => command, SqlError);
  await fixture.pool.shutdown({ timeoutMs: 20 });
  assertEquals((await failed).kind, "connection_lost");
  assertEquals(lease.state, "closed");
  fixture.pool.release(lease);
});
