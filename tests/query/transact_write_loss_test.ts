import { assertEquals, assertRejects, assertStringIncludes } from "@std/assert";
import { RealmgateError } from "../../src/core/errors.ts";
import { type Interception, TcpProxy } from "../pool/tcp_proxy.ts";
import { eventually } from "../support/eventually.ts";
import { FencedFixture, fencedServer, lockWait, openSession } from "./fenced_server.ts";

const server = fencedServer();

/** How often a note has landed. */
async function landed(note: string): Promise<number> {
  return Number(await server.value(`SELECT COUNT(*) FROM landed WHERE note = '${note}'`));
}

/** A fixture whose connections a test can cut. */
function behind(proxy: TcpProxy): FencedFixture {
  return new FencedFixture({ target: { ...server.target, port: proxy.port } });
}

/** Requests of one fenced write on a fresh connection, in their order. */
const BEFORE_COMMIT = ["START TRANSACTION", "INSERT INTO realmgate_fences", "INSERT INTO landed"];
const LOSSES: readonly Interception[] = ["lose request", "lose answer"];

Deno.test("transactWrite lands once when its connection is lost before the COMMIT was sent", async () => {
  let round = 0;
  for (const text of BEFORE_COMMIT) {
    for (const loss of LOSSES) {
      using proxy = new TcpProxy(server.node.port);
      await using fixture = behind(proxy);
      const note = `before ${round++}`;
      proxy.intercept(text, () => loss);
      await fixture.write("test.land", { fence: 1, note }, { fence: "before=1" });
      assertEquals([proxy.traps, fixture.suspicions], [0, 1], `${text}, ${loss}`);
      assertEquals(await landed(note), 1, `${text}, ${loss}`);
    }
  }
});

Deno.test("a plain write is unknown where a fenced one is certainly not applied", async () => {
  for (const loss of LOSSES) {
    using proxy = new TcpProxy(server.node.port);
    await using fixture = behind(proxy);
    proxy.intercept("INSERT INTO landed", () => loss);
    const error = await assertRejects(
      () => fixture.write("test.land", { fence: 1, note: `plain, ${loss}` }),
      RealmgateError,
    );
    assertEquals([error.code, error.outcome], ["write_outcome_unknown", "unknown"]);
  }
});

Deno.test("transactWrite is unknown when its COMMIT was sent and not answered", async () => {
  for (const loss of LOSSES) {
    using proxy = new TcpProxy(server.node.port);
    await using fixture = behind(proxy);
    const note = `commit, ${loss}`;
    proxy.intercept("COMMIT", () => loss);
    const error = await assertRejects(
      () => fixture.write("test.land", { fence: 1, note }, { fence: "commit=1" }),
      RealmgateError,
    );
    assertEquals(
      [error.code, error.outcome, error.retry],
      ["write_outcome_unknown", "unknown", "never"],
    );
    // Both are possible: so it must not say more.
    await eventually(async () => await landed(note) === (loss === "lose answer" ? 1 : 0));
  }
});

Deno.test("transactWrite lands once when the server ends its session before the COMMIT", async () => {
  await using fixture = new FencedFixture({ target: server.target });
  await using other = await openSession(server);
  const add = () => fixture.write("test.add", { amount: 1 }, { fence: "killed=1" });
  const gold = async () => Number(await server.value("SELECT amount FROM gold WHERE id = 1"));
  await add();
  const before = await gold();
  // The statement waits for the row, and is killed there with its session.
  await other.query("START TRANSACTION");
  await other.query("SELECT * FROM gold WHERE id = 1 FOR UPDATE");
  const write = add();
  await server.node.sql(`KILL CONNECTION ${await lockWait(server)}`);
  await other.query("ROLLBACK");
  await write;
  assertEquals(await gold(), before + 1);
  assertEquals(fixture.pool.pool.stats().totals.created, 2);
});

Deno.test("transactWrite follows the shard when its primary turns read-only before the COMMIT", async () => {
  using proxy = new TcpProxy(server.node.port);
  await using fixture = behind(proxy);
  proxy.intercept("COMMIT", async (): Promise<Interception> => {
    await server.node.sql("SET GLOBAL read_only = 1");
    return "pass";
  });
  fixture.onSuspect = () => server.node.sql("SET GLOBAL read_only = 0");
  const note = "read-only at COMMIT";
  await fixture.write("test.land", { fence: 1, note }, { fence: "follows=1" });
  assertEquals([await landed(note), fixture.suspicions], [1, 1]);
});

Deno.test("a fenced write marked @retry repeats after an unknown COMMIT", async () => {
  for (const loss of LOSSES) {
    using proxy = new TcpProxy(server.node.port);
    await using fixture = behind(proxy);
    const note = `again, ${loss}`;
    proxy.intercept("COMMIT", () => loss);
    await fixture.write("test.land_again", { fence: 1, note }, { fence: "again=1" });
    assertEquals([await landed(note), fixture.suspicions], [1, 1]);
  }
});

Deno.test("a repetition that meets a newer fence does not deny the try that may have landed", async () => {
  for (const loss of LOSSES) {
    using proxy = new TcpProxy(server.node.port);
    await using fixture = behind(proxy);
    await using newer = new FencedFixture({ target: server.target });
    const lock = `doubt:${loss.replace(" ", "-")}`;
    proxy.intercept("COMMIT", () => loss);
    fixture.onSuspect = () => newer.write("test.add", { amount: 0 }, { fence: `${lock}=2` });
    const note = `doubt, ${loss}`;
    const error = await assertRejects(
      () => fixture.write("test.land_again", { fence: 1, note }, { fence: `${lock}=1` }),
      RealmgateError,
    );
    assertEquals([error.code, error.outcome, error.retry], ["stale_fence", "unknown", "never"]);
    assertStringIncludes(error.message, "may have been applied");
    assertEquals(await landed(note), loss === "lose answer" ? 1 : 0);
  }
});
