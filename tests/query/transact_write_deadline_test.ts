import { assertEquals, assertRejects } from "@std/assert";
import type { ScopeEnd } from "../../src/core/scope.ts";
import { InterruptedError } from "../../src/pool/interrupted_error.ts";
import { type Interception, TcpProxy } from "../pool/tcp_proxy.ts";
import { eventually } from "../support/eventually.ts";
import {
  FencedFixture,
  fencedServer,
  lockWait,
  openSession,
  transactions,
} from "./fenced_server.ts";

const server = fencedServer();
const ENDS: readonly ScopeEnd[] = ["deadline_exceeded", "client_closed"];

async function number(sql: string): Promise<number> {
  return Number(await server.value(sql));
}

const gold = () => number("SELECT amount FROM gold WHERE id = 1");
const open = async () => (await transactions(server)).length;
const sleeping = () =>
  number("SELECT COUNT(*) FROM information_schema.processlist WHERE info LIKE 'UPDATE gold%'");

/** Nothing of a write is left on the server, and its connection serves the next one. */
async function assertClean(fixture: FencedFixture, before: number): Promise<void> {
  await eventually(async () => await open() === 0);
  await fixture.write("test.add", { amount: 1 }, { fence: "clean=1" });
  assertEquals(await gold(), before + 1);
  assertEquals([await open(), await server.sessions()], [0, 2], "one, and one for KILL");
  assertEquals(fixture.pool.pool.stats().totals.created, 1);
}

Deno.test("transactWrite is not applied when its scope ends during the statement", async () => {
  for (const end of ENDS) {
    await using fixture = new FencedFixture({ target: server.target });
    const before = await gold();
    const scope = fixture.pool.scope();
    const write = assertRejects(
      () => fixture.write("test.slow", {}, { scope, fence: "slow=7" }),
      InterruptedError,
    );
    await eventually(async () => await sleeping() > 0);
    assertEquals(await open(), 1);
    scope.end(end);
    const error = await write;
    assertEquals([error.end, error.outcome], [end, "not_applied"]);
    await assertClean(fixture, before);
    assertEquals(await number("SELECT COUNT(*) FROM realmgate_fences WHERE name = 'slow'"), 0);
  }
});

Deno.test("transactWrite is not applied when its scope ends while it waits for another of its lock", async () => {
  await using fixture = new FencedFixture({ target: server.target });
  await using other = await openSession(server);
  await fixture.write("test.add", { amount: 0 }, { fence: "held=1" });
  const before = await gold();
  await other.query("START TRANSACTION");
  await other.query("SELECT * FROM realmgate_fences WHERE name = 'held' FOR UPDATE");
  const scope = fixture.pool.scope();
  const write = assertRejects(
    () => fixture.write("test.add", { amount: 100 }, { scope, fence: "held=2" }),
    InterruptedError,
  );
  await lockWait(server);
  scope.end("deadline_exceeded");
  const error = await write;
  assertEquals([error.end, error.outcome], ["deadline_exceeded", "not_applied"]);
  await other.query("ROLLBACK");
  await assertClean(fixture, before);
});

Deno.test("transactWrite is not applied when its scope ends before its first command is over", async () => {
  using proxy = new TcpProxy(server.node.port);
  const target = { ...server.target, port: proxy.port };
  await using fixture = new FencedFixture({ target });
  const scope = fixture.pool.scope();
  const before = await gold();
  proxy.intercept("START TRANSACTION", () => {
    scope.end("deadline_exceeded");
    return "pass";
  });
  const error = await assertRejects(
    () => fixture.write("test.add", { amount: 100 }, { scope, fence: "between=1" }),
    InterruptedError,
  );
  assertEquals([error.end, error.outcome], ["deadline_exceeded", "not_applied"]);
  await eventually(async () => await open() === 0);
  assertEquals(await gold(), before);
});

Deno.test("transactWrite is applied when its COMMIT is answered after its scope's end", async () => {
  using proxy = new TcpProxy(server.node.port);
  const target = { ...server.target, port: proxy.port };
  await using fixture = new FencedFixture({ target });
  const scope = fixture.pool.scope();
  const before = await gold();
  proxy.intercept("COMMIT", () => {
    scope.end("deadline_exceeded");
    return "pass";
  });
  await fixture.write("test.add", { amount: 1 }, { scope, fence: "late=1" });
  assertEquals(await gold(), before + 1);
  assertEquals(fixture.pool.pool.stats().totals.killed, 0);
});

Deno.test("transactWrite is unknown when its COMMIT is not answered after its scope's end", async () => {
  using proxy = new TcpProxy(server.node.port);
  const target = { ...server.target, port: proxy.port };
  await using fixture = new FencedFixture({ target });
  const scope = fixture.pool.scope();
  const before = await gold();
  proxy.intercept("COMMIT", (): Interception => {
    proxy.holdReplies();
    scope.end("deadline_exceeded");
    return "pass";
  });
  const error = await assertRejects(
    () => fixture.write("test.add", { amount: 1 }, { scope, fence: "silent=1" }),
    InterruptedError,
  );
  assertEquals([error.end, error.outcome], ["deadline_exceeded", "unknown"]);
  assertEquals(await gold(), before + 1);
});
