import { assert, assertEquals, assertRejects, assertStringIncludes } from "@std/assert";
import { RealmgateError } from "../../src/core/errors.ts";
import { ShardManager } from "../../src/routing/shard_manager.ts";
import { InterruptedError } from "../../src/pool/interrupted_error.ts";
import { type Interception, TcpProxy } from "../pool/tcp_proxy.ts";
import { eventually } from "../support/eventually.ts";
import { FencedFixture, fencedServer, openSession } from "./fenced_server.ts";

const server = fencedServer();

function draw(fixture: FencedFixture, lock: string): Promise<string> {
  return fixture.counter.next(lock, { shard: "s1", scope: fixture.pool.scope() });
}

async function record(lock: string, fence: bigint): Promise<void> {
  await server.node.sql(`REPLACE INTO realmgate_fences VALUES ('${lock}', ${fence}, '2026-01-01')`);
}

/** Draws that overlap may come in any order; one that began after another's end must be greater. */
interface Drawn {
  readonly number: bigint;
  readonly began: number;
  readonly ended: number;
}

async function drawAtOnce(
  next: () => Promise<string>,
  options: { readonly callers: number; readonly each: number },
): Promise<Drawn[]> {
  const drawn: Drawn[] = [];
  let tick = 0;
  await Promise.all(Array.from({ length: options.callers }, async () => {
    for (let n = 0; n < options.each; n++) {
      const began = tick++;
      const number = BigInt(await next());
      drawn.push({ number, began, ended: tick++ });
    }
  }));
  return drawn;
}

/** Whether every number was drawn once, and every later draw gave a greater one. */
function grows(drawn: readonly Drawn[]): boolean {
  const byNumber = drawn.toSorted((a, b) => (a.number < b.number ? -1 : 1));
  let latestBegin = -1;
  return byNumber.every(({ number, began, ended }, at) => {
    if (byNumber[at - 1]?.number === number) return false;
    // No draw of a smaller number may have begun when this one was over.
    latestBegin = Math.max(latestBegin, began);
    return latestBegin <= ended;
  });
}

Deno.test("FenceCounter gives numbers that grow strictly under 50 callers at once", async () => {
  await using fixture = new FencedFixture({ target: server.target, max: 8 });
  const drawn = await drawAtOnce(() => draw(fixture, "many"), { callers: 50, each: 20 });
  assert(grows(drawn));
  const newest = drawn.reduce((most, { number }) => number > most ? number : most, 0n);
  const sql = "SELECT fence FROM realmgate_fences WHERE name = 'many'";
  assertEquals(await server.value(sql), String(newest));
  const micros = BigInt(Date.now()) * 1_000n;
  assert(newest > micros - 60_000_000n && newest < micros + 60_000_000n, "it follows the clock");
});

Deno.test("a counter that reads and then writes gives the same number twice", async () => {
  const sessions = await Promise.all(Array.from({ length: 8 }, () => openSession(server)));
  try {
    await record("naive", 0n);
    let caller = 0;
    const naive = async (session: typeof sessions[number]) => {
      const seen = await session.query("SELECT fence FROM realmgate_fences WHERE name = 'naive'");
      assert(seen.kind === "rows");
      const number = BigInt(String(seen.rows[0]?.[0])) + 1n;
      await session.query(`UPDATE realmgate_fences SET fence = ${number} WHERE name = 'naive'`);
      return String(number);
    };
    const queues = sessions.map(() => Promise.resolve(""));
    const next = () => {
      const at = caller++ % sessions.length;
      const session = sessions[at];
      if (session === undefined) throw new Error("there must be a session");
      return queues[at] = (queues[at] ?? Promise.resolve("")).then(() => naive(session));
    };
    assert(!grows(await drawAtOnce(next, { callers: 50, each: 20 })));
  } finally {
    for (const session of sessions) await session[Symbol.asyncDispose]();
  }
});

Deno.test("FenceCounter goes on from the last number when the clock went back", async () => {
  await using fixture = new FencedFixture({ target: server.target });
  // As it is after numbers were drawn by a clock that was a year ahead.
  const ahead = BigInt(Date.now() + 365 * 86_400_000) * 1_000n;
  await record("back", ahead);
  for (let n = 1n; n <= 5n; n++) assertEquals(await draw(fixture, "back"), String(ahead + n));
  await record("exact", 2n ** 53n);
  for (let n = 1n; n <= 5n; n++) assertEquals(await draw(fixture, "exact"), String(2n ** 53n + n));
  await record("last", 2n ** 63n - 2n);
  assertEquals(await draw(fixture, "last"), String(2n ** 63n - 1n));
  await assertRejects(() => draw(fixture, "last"), RealmgateError);
});

Deno.test("FenceCounter shuts out the holders before from the moment it is drawn", async () => {
  await using fixture = new FencedFixture({ target: server.target });
  const add = (fence: string) =>
    fixture.write("test.add", { amount: 1 }, { fence: `drawn=${fence}` });
  const first = await draw(fixture, "drawn");
  await add(first);
  const second = await draw(fixture, "drawn");
  const error = await assertRejects(() => add(first), RealmgateError);
  assertEquals([error.code, error.extra?.["newest"]], ["stale_fence", second]);
  await add(second);
});

Deno.test("FenceCounter asks again when an answer is lost", async () => {
  for (const loss of ["lose request", "lose answer"] satisfies Interception[]) {
    using proxy = new TcpProxy(server.node.port);
    await using fixture = new FencedFixture({ target: { ...server.target, port: proxy.port } });
    await record("lost", 2n ** 62n);
    proxy.intercept("INSERT INTO realmgate_fences", () => loss);
    assertEquals(await draw(fixture, "lost"), String(2n ** 62n + 1n));
    assertEquals([proxy.traps, fixture.suspicions], [0, 1]);
    // A number whose answer is lost is lost with it.
    proxy.holdReplies();
    const late = draw(fixture, "lost");
    await eventually(async () => {
      const newest = await server.value("SELECT fence FROM realmgate_fences WHERE name = 'lost'");
      return newest === String(2n ** 62n + 2n);
    });
    proxy.cut();
    assertEquals(await late, String(2n ** 62n + 3n));
  }
});

Deno.test("FenceCounter's failures are certainly harmless and say what to do", async () => {
  await using fixture = new FencedFixture({ target: server.target });
  await using other = await openSession(server);
  await draw(fixture, "held");
  await other.query("START TRANSACTION");
  await other.query("SELECT * FROM realmgate_fences WHERE name = 'held' FOR UPDATE");
  const scope = fixture.pool.scope(100);
  const late = () => fixture.counter.next("held", { shard: "s1", scope });
  assertEquals((await assertRejects(late, InterruptedError)).outcome, "not_applied");
  await other.query("ROLLBACK");
  await server.node.sql("RENAME TABLE realmgate_fences TO away");
  const error = await assertRejects(() => draw(fixture, "held"), RealmgateError);
  await server.node.sql("RENAME TABLE away TO realmgate_fences");
  assertEquals([error.code, error.outcome], ["statement_unavailable", "not_applied"]);
  assertStringIncludes(error.message, "deno task schema:install");
});

Deno.test("ShardManager knows a shard for every lock, also where a map names none", () => {
  const shards = ["s1", "s2"];
  const modulo = new ShardManager({ shards, sharding: { strategy: "modulo" } });
  const map = new ShardManager({
    shards,
    sharding: { strategy: "map", map: { "realm:1": "s2" } },
  });
  for (const lock of ["raid:1", "raid:2", "guild:7", "42"]) {
    assertEquals(modulo.shardForName(lock), modulo.shardForKey(lock));
    assertEquals(map.shardForName(lock), modulo.shardForKey(lock));
  }
  assertEquals(map.shardForName("realm:1"), "s2");
  const fallback = new ShardManager({
    shards,
    sharding: { strategy: "map", map: {}, default: "s2" },
  });
  assertEquals(fallback.shardForName("raid:1"), "s2");
});
