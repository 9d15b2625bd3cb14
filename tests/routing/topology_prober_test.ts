import { assert, assertEquals, assertRejects, assertStringIncludes } from "@std/assert";
import { eventually } from "../support/eventually.ts";
import { withProbedStack } from "./probed_stack.ts";

/** The number in a position of one domain. */
const numberOf = (position: string | undefined) => Number(position?.split("-")[2] ?? NaN);

const PROMOTE = "STOP SLAVE; RESET SLAVE ALL; SET GLOBAL read_only = 0";

Deno.test("TopologyProber finds roles and lag and leaves no connection when it is stopped", () =>
  withProbedStack(async ({ a, b, probe, connections }) => {
    const { prober, shard, node, told } = await probe();
    assertEquals([shard().status, shard().primary], ["ok", "s1a"]);
    assert(shard().epoch.length === 16);
    assertEquals([node("s1a").role, node("s1b").role], ["primary", "replica"]);
    assertEquals([node("s1a").semiSync, node("s1b").ejected], [true, undefined]);
    assertEquals(node("s1b").connections?.max, 500);
    const beat = async () => Number((await b.sql("SELECT beat FROM realmgate_heartbeat"))[0]?.beat);
    const first = await beat();
    await eventually(async () => await beat() > first + 1_500_000, { what: "two heartbeats" });
    const count = told.length;
    await eventually(() => told.length > count, {
      withinMs: 2_000,
      what: "a snapshot each second",
    });
    assert((node("s1b").lagMs ?? Infinity) < 2_000);
    assertEquals([await connections(a), await connections(b)], [2, 1]);
    await prober.stop();
    await eventually(async () => await connections(a) + await connections(b) === 0);
    assertEquals(told.at(-1)?.shards[0]?.status, "ok");
  }));

Deno.test("TopologyProber knows what the primary had committed when a look began after it", () =>
  withProbedStack(async ({ a, b, probe }) => {
    const { node, until } = await probe();
    await b.sql("STOP SLAVE SQL_THREAD");
    await a.sql(`CREATE TABLE ${a.database}.written (id INT)`);
    const [row] = await a.sql("SELECT @@gtid_binlog_pos AS at");
    const [written, wallMs] = [numberOf(String(row?.["at"])), Date.now()];
    await until(() => (node("s1a").observedAt ?? 0) > wallMs, "a look that began afterwards");
    assert(numberOf(node("s1a").position) >= written);
    assert(numberOf(node("s1b").position) < written);
    await b.sql("START SLAVE");
    await until(() => numberOf(node("s1b").position) >= written, "the replica to have it too");
  }));

Deno.test("TopologyProber takes a replica out while it does not apply or is behind", () =>
  withProbedStack(async ({ b, probe }) => {
    const { until, node } = await probe({ maxLagMs: 1_500 });
    const out = () => node("s1b").ejected !== undefined;
    await b.sql("STOP SLAVE SQL_THREAD");
    await until(out, "the replica to be out");
    assertEquals(node("s1b").ejected, "not replicating");
    await b.sql("START SLAVE");
    await until(() => !out(), "the replica to be back");
    await b.sql("STOP SLAVE IO_THREAD");
    await until(out, "the replica to be out again");
    assertStringIncludes(node("s1b").ejected ?? "", "ms behind, more than 1500");
    await b.sql("START SLAVE");
    await until(() => !out(), "the replica to be back again");
  }));

Deno.test("TopologyProber sees a killed node at once when it is asked, and its return", () =>
  withProbedStack(async ({ a, b, probe }) => {
    const { prober, node, shard, until, told } = await probe();
    b.kill();
    await eventually(() => b.pid === undefined);
    const before = told.length;
    await Promise.all([prober.probeNow("s1"), prober.probeNow("s1"), prober.probeNow("s9")]);
    assertEquals(node("s1b").ejected, "it cannot be reached");
    assert(told.length > before);
    assertEquals(told.at(-1)?.shards[0]?.nodes[1]?.up, false);
    assertEquals(shard().primary, "s1a");
    await b.restart();
    await until(() => node("s1b").ejected === undefined, "the replica to be back");
    const { epoch } = shard();
    a.kill();
    await until(({ status }) => status === "no_primary", "the primary to be gone");
    assertEquals(node("s1b").ejected, undefined);
    await a.restart();
    await until(({ status }) => status === "ok", "the primary to be back");
    assertEquals([shard().primary, shard().epoch], ["s1a", epoch]);
  }));

Deno.test("TopologyProber goes on looking at the others when one node hangs", () =>
  withProbedStack(async ({ b, probe }) => {
    const { node, until } = await probe();
    b.kill("SIGSTOP");
    try {
      await until(() => !node("s1b").up, "the replica to be down");
      assertEquals(node("s1b").ejected, "no answer within 1000 ms");
      const seenAt = node("s1a").observedAt ?? 0;
      await until(() => (node("s1a").observedAt ?? 0) >= seenAt + 2_000, "looks at the primary");
      assertEquals([node("s1a").role, node("s1b").up], ["primary", false]);
    } finally {
      b.kill("SIGCONT");
    }
    await until(() => node("s1b").ejected === undefined, "the replica to be back");
  }));

Deno.test("TopologyProber takes no node to be down because its own process is busy", () =>
  withProbedStack(async ({ probe }) => {
    const { prober, told } = await probe();
    for (let stalls = 0; stalls < 3; stalls++) {
      const look = prober.probeNow("s1");
      const until = performance.now() + 1_500;
      while (performance.now() < until);
      await look;
    }
    const out = told.flatMap(({ shards }) => shards.flatMap(({ nodes }) => nodes))
      .filter(({ up }) => !up);
    assertEquals(out, []);
  }));

Deno.test("TopologyProber follows a promotion with a newer epoch and refuses two primaries", () =>
  withProbedStack(async ({ a, b, probe }) => {
    const { shard, until, told } = await probe();
    const { epoch } = shard();
    await a.sql("SET GLOBAL read_only = 1");
    await b.sql(PROMOTE);
    const afterMs = await until(({ primary }) => primary === "s1b", "the new primary");
    assert(afterMs > 2_000 && afterMs < 6_000, `followed after ${afterMs} ms`);
    assert(BigInt(shard().epoch) > BigInt(epoch));
    const statuses = new Set(told.map(({ shards }) => shards[0]?.status));
    assert(!statuses.has("split_brain"), `a switch that was in order: ${[...statuses]}`);

    const promoted = shard().epoch;
    await a.sql("SET GLOBAL read_only = 0");
    await until(({ status }) => status === "split_brain", "the split brain");
    assertEquals(shard().primary, null);
    await a.sql("SET GLOBAL read_only = 1");
    await until(({ status }) => status === "ok", "the end of the split brain");
    assertEquals([shard().primary, shard().epoch], ["s1b", promoted]);
  }));

Deno.test("TopologyProber shares the primary and its epoch when another process probes too", () =>
  withProbedStack(async ({ b, probe }) => {
    const one = await probe();
    const two = await probe({ unreachable: ["s1a"] });
    assertEquals(one.shard().primary, "s1a");
    assertEquals([two.shard().primary, two.shard().status], [null, "no_primary"]);
    assertEquals(two.shard().epoch, one.shard().epoch);
    // For the second one s1b is now the only writable node, and has been for long.
    await b.sql(PROMOTE);
    await one.until(({ status }) => status === "split_brain", "the split brain");
    const until = performance.now() + 4_000;
    await eventually(() => {
      assertEquals(two.shard().primary, null);
      return performance.now() > until;
    });
    assertStringIncludes(two.shard().why ?? "", "s1a is the primary until nobody has seen it");
    assertEquals(two.shard().epoch, one.shard().epoch);
  }));

Deno.test("TopologyProber goes on by itself when Redis is down or hangs", () =>
  withProbedStack(async ({ stack, a, b, probe }) => {
    const { shard, until, redis, node } = await probe();
    const { epoch } = shard();
    stack.redis.kill("SIGSTOP");
    await eventually(() => redis.state === "down");
    stack.redis.kill();
    const seenAt = node("s1a").observedAt ?? 0;
    await until(() => (node("s1a").observedAt ?? 0) > seenAt + 1_000, "further looks");
    assertEquals([shard().primary, shard().epoch], ["s1a", epoch]);
    await a.sql("SET GLOBAL read_only = 1");
    await b.sql(PROMOTE);
    await until(({ primary }) => primary === "s1b", "the new primary");
    const alone = shard().epoch;
    await stack.redis.restart();
    await eventually(() => redis.state === "up");
    const other = await probe();
    await other.until(({ primary }) => primary === "s1b", "the primary that was chosen alone");
    assertEquals([other.shard().epoch, shard().epoch, shard().primary], [alone, alone, "s1b"]);
  }));

Deno.test("TopologyProber refuses to start when its account may write to replicas", () =>
  withProbedStack(async ({ a, probe, connections }) => {
    const account = { user: a.user, password: a.password };
    const error = await assertRejects(() => probe({ account }), Error);
    assertStringIncludes(error.message, "must have neither SUPER nor READ ONLY ADMIN");
    assert(!error.message.includes(a.password));
    assertEquals(await connections(a), 0);
  }));

Deno.test("TopologyProber uses the primary alone when the heartbeat table is missing", () =>
  withProbedStack(async ({ probe }) => {
    const { shard, until } = await probe();
    assertEquals(shard().primary, "s1a");
    // Until it has the account from the primary it refuses that.
    const why = "its table realmgate_heartbeat cannot be read";
    await until(({ nodes }) => nodes[1]?.ejected === why, why);
  }, { schema: false }));
