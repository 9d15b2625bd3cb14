import { assertEquals, assertRejects } from "@std/assert";
import { SqlError } from "../../src/drivers/mysql.ts";
import { InterruptedError } from "../../src/pool/interrupted_error.ts";
import type { Lease } from "../../src/pool/lease.ts";
import { eventually } from "../support/eventually.ts";
import { firstRow, PoolFixture, TestServer } from "./fixture.ts";
import { TcpProxy } from "./tcp_proxy.ts";

const server = TestServer.forThisFile({
  schema: "CREATE TABLE counters (id INT PRIMARY KEY, n BIGINT NOT NULL);" +
    "INSERT INTO counters VALUES (1, 0)",
});

const WRITE = "UPDATE counters SET n = n + 1 WHERE id = 1";
/** A reset forgets it. */
const MARK = "SET @mark = 'here'";
const MARKED = "SELECT @mark, @@in_transaction";

async function counter(): Promise<number> {
  return Number(await server.value("SELECT n FROM counters WHERE id = 1"));
}

/** Borrows the pool's one connection, marks its session, works, and gives it back. */
async function borrow(fixture: PoolFixture, work: (lease: Lease) => Promise<unknown>) {
  const lease = await fixture.lease();
  try {
    await lease.execute(MARK, [], { scope: fixture.scope() });
    await work(lease);
  } finally {
    fixture.pool.release(lease);
  }
}

Deno.test("PooledConnection keeps its session when its transaction was committed or rolled back", async () => {
  await using fixture = new PoolFixture({ target: server.target, max: 1 });
  const scope = fixture.scope();
  const before = await counter();
  for (const end of ["COMMIT", "ROLLBACK"] as const) {
    await borrow(fixture, async (lease) => {
      await lease.transact("START TRANSACTION", { scope });
      await lease.execute(WRITE, [], { scope });
      await lease.transact(end, { scope });
    });
    assertEquals(fixture.pool.stats().validating, 0);
    assertEquals(firstRow(await fixture.run(MARKED)), ["here", "0"], end);
    assertEquals(await counter(), before + 1);
  }
  // The same in plain text loses the session: so the mark does tell.
  await borrow(fixture, async (lease) => {
    await lease.query("START TRANSACTION", { scope });
    await lease.query("COMMIT", { scope });
  });
  assertEquals(firstRow(await fixture.run(MARKED)), [null, "0"]);
});

Deno.test("PooledConnection keeps its session when a statement failed and was rolled back", async () => {
  await using fixture = new PoolFixture({ target: server.target, max: 1 });
  const scope = fixture.scope();
  await borrow(fixture, async (lease) => {
    await lease.transact("START TRANSACTION", { scope });
    const twice = "INSERT INTO counters VALUES (1, 0)";
    await assertRejects(() => lease.execute(twice, [], { scope }), SqlError);
    await lease.transact("ROLLBACK", { scope });
  });
  assertEquals(firstRow(await fixture.run(MARKED)), ["here", "0"]);
});

Deno.test("PooledConnection is reset when it is given back inside its transaction", async () => {
  await using fixture = new PoolFixture({ target: server.target, max: 1 });
  const scope = fixture.scope();
  const before = await counter();
  await borrow(fixture, async (lease) => {
    await lease.transact("START TRANSACTION", { scope });
    await lease.execute(WRITE, [], { scope });
  });
  assertEquals(firstRow(await fixture.run(MARKED)), [null, "0"]);
  assertEquals(await counter(), before);
  assertEquals(fixture.pool.stats().totals.created, 1);
  await borrow(fixture, async (lease) => {
    await lease.query("DO 1", { scope });
    await lease.transact("START TRANSACTION", { scope });
    await lease.transact("COMMIT", { scope });
  });
  const marked = firstRow(await fixture.run(MARKED));
  assertEquals(marked, [null, "0"], "a COMMIT must not forgive what was there before");
});

Deno.test("PooledConnection refuses what would end a transaction unseen", async () => {
  await using fixture = new PoolFixture({ target: server.target, max: 1 });
  const scope = fixture.scope();
  const lease = await fixture.lease();
  for (const end of ["COMMIT", "ROLLBACK"] as const) {
    await assertRejects(() => lease.transact(end, { scope }), TypeError, "must be open");
  }
  const before = await counter();
  await lease.transact("START TRANSACTION", { scope });
  await lease.execute(WRITE, [], { scope });
  const again = () => lease.transact("START TRANSACTION", { scope });
  await assertRejects(again, TypeError, "must have ended");
  fixture.pool.release(lease);
  await fixture.run("SELECT 1");
  assertEquals(await counter(), before);
});

Deno.test("PooledConnection refuses a COMMIT when its transaction went with an interruption", async () => {
  await using fixture = new PoolFixture({ target: server.target, max: 1 });
  const before = await counter();
  const first = fixture.scope();
  const lease = await fixture.lease();
  await lease.transact("START TRANSACTION", { scope: first });
  await lease.execute(WRITE, [], { scope: first });
  const slow = lease.execute("SELECT SLEEP(30)", [], { scope: first });
  first.end("deadline_exceeded");
  await assertRejects(() => slow, InterruptedError);
  const ended = () => lease.transact("COMMIT", { scope: first });
  assertEquals((await assertRejects(ended, InterruptedError)).outcome, "not_applied");
  // Even a fresh scope finds no transaction once the session is fit again.
  await eventually(() =>
    assertRejects(() => lease.transact("COMMIT", { scope: fixture.scope() }), TypeError, "be open")
  );
  fixture.pool.release(lease);
  assertEquals(await counter(), before);
});

Deno.test("PooledConnection waits for a COMMIT and does not kill it when its scope ends", async () => {
  using proxy = new TcpProxy(server.node.port);
  const target = { ...server.target, port: proxy.port };
  await using fixture = new PoolFixture({ target, max: 1 });
  const begin = async () => {
    const scope = fixture.scope();
    const lease = await fixture.lease("transaction", scope);
    await lease.transact("START TRANSACTION", { scope });
    await lease.execute(WRITE, [], { scope });
    const before = await counter();
    proxy.holdReplies();
    const commit = lease.transact("COMMIT", { scope });
    scope.end("deadline_exceeded");
    await eventually(async () => await counter() === before + 1);
    return { lease, commit };
  };
  const answered = await begin();
  proxy.letThrough();
  assertEquals((await answered.commit).kind, "ok");
  fixture.pool.release(answered.lease);
  assertEquals(firstRow(await fixture.run("SELECT 7")), [7]);
  assertEquals(fixture.pool.stats().totals.killed, 0);

  const silent = await begin();
  const error = await assertRejects(() => silent.commit, InterruptedError);
  assertEquals([error.end, error.outcome], ["deadline_exceeded", "unknown"]);
  fixture.pool.release(silent.lease);
  assertEquals(fixture.pool.stats().totals.killed, 0);
});
