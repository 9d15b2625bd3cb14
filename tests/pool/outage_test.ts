import { assert, assertEquals, assertRejects, assertThrows } from "@std/assert";
import { SqlError } from "../../src/drivers/mysql.ts";
import { InterruptedError } from "../../src/pool/interrupted_error.ts";
import { eventually } from "../support/eventually.ts";
import { firstRow, PoolFixture, TestServer } from "./fixture.ts";
import { TcpProxy } from "./tcp_proxy.ts";

const server = TestServer.forThisFile();

function rejections(asked: readonly Promise<unknown>[]): Promise<SqlError[]> {
  return Promise.all(asked.map((each) => assertRejects(() => each, SqlError)));
}

Deno.test("ConnectionPool dials one connection at a time when many callers wait", async () => {
  using proxy = new TcpProxy(server.node.port);
  await using fixture = new PoolFixture({ target: { ...server.target, port: proxy.port }, max: 8 });
  proxy.holdNewConnections();
  const asked = Array.from({ length: 8 }, () => fixture.lease());
  await eventually(() => proxy.size === 1);
  assertEquals([fixture.pool.stats().connecting, fixture.pool.stats().waiting], [1, 8]);
  proxy.letThrough();
  for (const lease of await Promise.all(asked)) fixture.pool.release(lease);
  assertEquals(fixture.pool.stats().idle, 8);
});

Deno.test("ConnectionPool tells every waiter when the one dial they wait for fails", async () => {
  using proxy = new TcpProxy(server.node.port);
  await using fixture = new PoolFixture({
    target: { ...server.target, port: proxy.port },
    connectTimeoutMs: 50,
  });
  proxy.holdNewConnections();
  const errors = await rejections([1, 2, 3, 4, 5].map(() => fixture.lease()));
  assertEquals(errors.map(({ kind }) => kind), Array(5).fill("connect_failed"));
  assertEquals(fixture.pool.stats().totals.connectFailures, 1);
});

Deno.test("ConnectionPool passes on why the server refuses when it does", async () => {
  const target = { ...server.target, password: "wrong" };
  await using fixture = new PoolFixture({ target, min: 1 });
  await fixture.pool.initialize();
  assertEquals(fixture.lines.map(({ message }) => message), [
    "cannot open a pool's first connections",
  ]);
  const error = await assertRejects(() => fixture.lease(), SqlError);
  assertEquals([error.kind, error.errno], ["server", 1045]);
});

Deno.test("ConnectionPool serves again when its server was down and comes back", async () => {
  await using fixture = new PoolFixture({ target: server.target, max: 2 });
  const { pool } = fixture;
  const scope = fixture.scope();
  const [busy, idle] = [await fixture.lease("busy", scope), await fixture.lease("idle", scope)];
  const read = busy.execute("SELECT SLEEP(30)", [], { scope });
  pool.release(idle);
  const lost = assertRejects(() => read, SqlError);
  server.node.kill();
  assertEquals((await lost).kind, "connection_lost");
  pool.release(busy);
  await eventually(() => pool.stats().totals.closed.lost === 2);
  const errors = await rejections([1, 2, 3].map(() => fixture.lease()));
  assertEquals(errors.map(({ kind }) => kind), Array(3).fill("connect_failed"));
  // While the dialler pauses nobody has to wait for it.
  assertThrows(() => pool.acquire({ scope: fixture.scope(), label: "test" }), SqlError);
  assertEquals(pool.stats().totals.connectFailures, 1);
  await server.node.restart();
  const row = await eventually(() => fixture.run("SELECT 7").then(firstRow));
  assertEquals(row, [7]);
});

Deno.test("ConnectionPool gives up a connection when its server hangs and is whole when that goes on", async () => {
  await using fixture = new PoolFixture({ target: server.target, max: 2 });
  const { pool } = fixture;
  const scope = fixture.scope();
  const lease = await fixture.lease("read", scope);
  const other = await fixture.lease("idle", scope);
  pool.release(other);
  server.node.kill("SIGSTOP");
  try {
    const read = lease.execute("SELECT 1", [], { scope });
    scope.end("deadline_exceeded");
    await assertRejects(() => read, InterruptedError);
    pool.release(lease);
    await eventually(() => pool.stats().totals.closed.interrupted === 1, { withinMs: 3_000 });
    // The connection that idled is found out when it is wanted.
    const error = await assertRejects(() => fixture.lease(), SqlError);
    assertEquals(error.kind, "connect_failed");
    assertEquals(pool.stats().totals.closed.invalid, 1);
  } finally {
    server.node.kill("SIGCONT");
  }
  const leases = await eventually(() => Promise.all([fixture.lease(), fixture.lease()]));
  assertEquals(pool.stats().inUse, 2);
  for (const each of leases) pool.release(each);
  assert(pool.stats().idle <= 2);
});
