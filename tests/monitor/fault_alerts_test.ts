import { assert, assertEquals, assertMatch } from "@std/assert";
import fc from "fast-check";
import type { AlertRule } from "../../src/monitor/alert.ts";
import { INHIBITIONS } from "../../src/monitor/alerts/inhibition.ts";
import { RULE_DEFAULTS, RULES } from "../../src/monitor/alerts/rule_settings.ts";
import { JudgedFleet } from "./judged_fleet.ts";

/** What a primary's calls fail with while it is away. */
const failing = (judged: JudgedFleet, shard: string, errors: Record<string, number>) => {
  for (const [name, cell] of Object.entries(judged.fleet.calls)) {
    if (name.endsWith(` ${shard}`)) cell.errors = errors;
  }
};

Deno.test("a healthy fleet raises nothing, nor does one that is not known yet", () => {
  const judged = new JudgedFleet();
  judged.run(600_000);
  for (const node of Object.values(judged.fleet.nodes)) {
    node.observed = false;
    node.asked = null;
  }
  judged.run(60_000);
  assertEquals(judged.told(), []);
});

Deno.test("a replica that is killed raises node_down within 15 s, and nothing else until it has caught up", () => {
  const judged = new JudgedFleet();
  const replica = judged.fleet.node("s1b");
  replica.up = false;
  judged.fleet.node("s1a").semiSync = false;
  failing(judged, "s1", { shard_unavailable: 60, deadline_exceeded: 30 });
  judged.run(14_000);
  assertEquals(judged.told(), ["raised node_down s1 s1b"]);
  assertMatch(judged.summary(), /^s1b is down .*goes on without it/);
  judged.run(60_000);
  assertMatch(judged.summary(), /it explains .*semi_sync_inactive of s1/);
  // It is back, far behind; the primary's semi-synchronous replication only then.
  replica.up = true;
  replica.lagMs = 75_000;
  replica.replication = { receiving: false, applying: true, lagSeconds: null, errorNumber: null };
  judged.run(4_000);
  replica.replication = { receiving: true, applying: true, lagSeconds: 75, errorNumber: null };
  judged.run(30_000);
  judged.fleet.node("s1a").semiSync = true;
  replica.lagMs = 20;
  failing(judged, "s1", {});
  judged.run(120_000);
  assertEquals(judged.told(), ["cleared node_down s1 s1b"]);
});

Deno.test("a replica that is killed raises several alerts where nothing explains another", () => {
  const nothing = Object.fromEntries(RULES.map((rule) => [rule, []]));
  const judged = new JudgedFleet({ inhibitions: { ...INHIBITIONS, ...nothing } });
  judged.fleet.node("s1b").up = false;
  judged.fleet.node("s1a").semiSync = false;
  failing(judged, "s1", { shard_unavailable: 60, deadline_exceeded: 30 });
  judged.run(20_000);
  assertEquals(judged.told(), [
    "raised node_down s1 s1b",
    "raised error_rate s1",
    "raised semi_sync_inactive s1",
  ]);
});

/** Known only by what happens later: by a look each ten seconds, by the next holder of a lock. */
const KNOWN_LATE: readonly AlertRule[] = ["replication_stopped", "lock_expired"];

Deno.test("every cause is judged before its effect and raised sooner, or explains once it is raised", () => {
  for (const [at, cause] of RULES.entries()) {
    for (const { effect, raised, where } of INHIBITIONS[cause]) {
      if (raised === true || where === "whole") continue;
      assert(at < RULES.indexOf(effect), `${cause} comes after ${effect}`);
      const sooner = RULE_DEFAULTS[cause].forMs < RULE_DEFAULTS[effect].forMs;
      assert(sooner || KNOWN_LATE.includes(effect), `${cause} is raised later than ${effect}`);
    }
  }
});

Deno.test("a primary that is killed raises node_down alone, through the fail-over and after it", () => {
  const judged = new JudgedFleet();
  const { fleet } = judged;
  fleet.node("s1a").up = false;
  const replica = fleet.node("s1b");
  replica.replication = { receiving: false, applying: true, lagSeconds: null, errorNumber: null };
  failing(judged, "s1", { no_primary: 200, write_outcome_unknown: 10 });
  judged.run(14_000);
  assertEquals(judged.told(), ["raised node_down s1 s1a"]);
  assertMatch(judged.summary(), /was the primary of s1, which takes no writes/);
  replica.writable = true;
  replica.replication = null;
  replica.semiSync = false;
  fleet.primaries["s1"] = "s1b";
  judged.run(60_000);
  failing(judged, "s1", {});
  judged.run(300_000);
  assertMatch(judged.summary(), /^s1a is down .*s1 goes on without it/);
  assertEquals(judged.told(), []);
});

Deno.test("a shard with no writable server raises no_primary, beside a replica that is down", () => {
  const judged = new JudgedFleet();
  judged.fleet.node("s1b").up = false;
  judged.run(30_000);
  assertEquals(judged.told(), ["raised node_down s1 s1b"]);
  judged.fleet.node("s1a").writable = false;
  failing(judged, "s1", { no_primary: 200 });
  judged.run(60_000);
  assertEquals(judged.told(), ["raised no_primary s1"]);
});

Deno.test("a planned switch raises nothing", () => {
  const judged = new JudgedFleet();
  const [old, next] = [judged.fleet.node("s1a"), judged.fleet.node("s1b")];
  old.writable = false;
  failing(judged, "s1", { no_primary: 40 });
  judged.run(4_000);
  next.writable = true;
  judged.fleet.primaries["s1"] = "s1b";
  [next.replication, old.replication] = [old.replication, next.replication];
  judged.run(58_000);
  failing(judged, "s1", {});
  judged.run(120_000);
  assertEquals(judged.told(), []);
});

const THREADS = { receiving: true, applying: true, lagSeconds: 0, errorNumber: null };

Deno.test("a replica whose SQL thread stops raises replication_stopped within 15 s, not the lag that grows, whenever it is asked", () => {
  const times = fc.record({
    stopMs: fc.nat(2_000),
    askPhaseMs: fc.nat(10_000),
    unseenLagMs: fc.integer({ min: -1_000, max: 1_000 }),
    // The lag is over such a threshold long before its cause is known.
    sharp: fc.boolean(),
  });
  const sharpLag = { ...RULE_DEFAULTS.replication_lag, threshold: 1_500, forMs: 1_000 };
  fc.assert(
    fc.property(times, ({ stopMs, askPhaseMs, unseenLagMs, sharp }) => {
      const judged = new JudgedFleet({ settings: sharp ? { replication_lag: sharpLag } : {} });
      Object.assign(judged.fleet, { askPhaseMs, unseenLagMs });
      judged.run(20_000);
      judged.fleet.pass(stopMs);
      const replica = judged.fleet.node("s1b");
      replica.replication = { ...THREADS, applying: false, lagSeconds: null, errorNumber: 1032 };
      replica.lagMs = 0;
      judged.run(14_000);
      assertEquals(judged.told(), ["raised replication_stopped s1 s1b"]);
      assertMatch(judged.summary(), /does not apply what it receives \(error 1032\)/);
      judged.run(60_000);
      replica.replication = { ...THREADS, lagSeconds: 74 };
      judged.run(40_000, () => replica.lagMs = Math.max(20, (replica.lagMs ?? 0) - 4_000));
      assertEquals(judged.told(), ["cleared replication_stopped s1 s1b"]);
    }),
    { numRuns: 40 },
  );
});

Deno.test("a replica that applies too slowly raises replication_lag within 15 s of its threshold", () => {
  const judged = new JudgedFleet();
  const replica = judged.fleet.node("s1b");
  judged.run(20_000, () => replica.lagMs = (replica.lagMs ?? 0) + 2_000);
  assertEquals(judged.told(), ["raised replication_lag s1 s1b"]);
  const [alert] = judged.engine.alerts;
  assertEquals([alert?.threshold, (alert?.value ?? 0) > 5_000], [5_000, true]);
  // Just under the threshold is not over yet.
  replica.lagMs = 4_500;
  judged.run(60_000);
  assertEquals(judged.told(), []);
  replica.lagMs = 1_000;
  judged.run(14_000);
  assertEquals(judged.told(), ["cleared replication_lag s1 s1b"]);
});

Deno.test("a replica that follows nobody and takes no reads for it raises replication_stopped", () => {
  const judged = new JudgedFleet();
  const replica = judged.fleet.node("s1b");
  replica.replication = null;
  judged.run(60_000);
  assertEquals(judged.told(), []);
  replica.ejected = "not replicating";
  judged.run(30_000);
  assertEquals(judged.told(), ["raised replication_stopped s1 s1b"]);
});

Deno.test("a fault that begins once another one is over is raised at once, though that explains such", () => {
  const judged = new JudgedFleet();
  const replica = judged.fleet.node("s1b");
  replica.up = false;
  judged.run(20_000);
  replica.up = true;
  judged.run(14_000);
  assertEquals(judged.told(), ["raised node_down s1 s1b", "cleared node_down s1 s1b"]);
  replica.replication = { receiving: true, applying: false, lagSeconds: null, errorNumber: 1032 };
  judged.run(14_000);
  assertEquals(judged.told(), ["raised replication_stopped s1 s1b"]);
});

Deno.test("what outlasts its cause by more than a minute is raised then", () => {
  const judged = new JudgedFleet();
  const replica = judged.fleet.node("s1b");
  replica.up = false;
  judged.run(20_000);
  replica.up = true;
  replica.lagMs = 3_600_000;
  judged.run(60_000);
  assertEquals(judged.told(), ["raised node_down s1 s1b", "cleared node_down s1 s1b"]);
  judged.run(30_000);
  assertEquals(judged.told(), ["raised replication_lag s1 s1b"]);
});

Deno.test("a second writable server raises split_brain alone", () => {
  const judged = new JudgedFleet();
  judged.fleet.node("s1b").writable = true;
  judged.fleet.node("s1b").replication = null;
  failing(judged, "s1", { split_brain: 500 });
  judged.run(60_000);
  assertEquals(judged.told(), ["raised split_brain s1"]);
  judged.fleet.node("s1b").writable = false;
  judged.fleet.node("s1a").writable = false;
  judged.run(8_000);
  judged.fleet.node("s1a").writable = true;
  judged.run(40_000);
  failing(judged, "s1", {});
  judged.run(120_000);
  assertEquals(judged.told(), ["cleared split_brain s1"]);
});

Deno.test("a primary without a replica to wait for raises semi_sync_inactive", () => {
  const judged = new JudgedFleet();
  judged.fleet.node("s2a").semiSync = false;
  judged.run(15_000);
  assertEquals(judged.told(), ["raised semi_sync_inactive s2"]);
});

Deno.test("a server that is nearly full raises connections_near_limit, and not its pool's callers", () => {
  const judged = new JudgedFleet();
  judged.fleet.node("s1a").used = 97;
  judged.run(30_000, () => poolOf(judged, "s1a").refused += 50);
  assertEquals(judged.told(), ["raised connections_near_limit s1 s1a"]);
});

Deno.test("a Redis that is paused raises redis_down alone, until all have heard each other again", () => {
  const judged = new JudgedFleet();
  const { fleet } = judged;
  const [own, other] = [fleet.process("p1"), fleet.process("p2")];
  const isolates = [fleet.isolate("p1"), fleet.isolate("p2")];
  for (const isolate of isolates) isolate.lease = "lost";
  // Its own isolates notice first; then the others are silent; then it speaks for itself.
  judged.run(4_000);
  other.state = "silent";
  own.redisUp = false;
  for (const shard of ["s1", "s2"]) failing(judged, shard, { redis_unavailable: 300 });
  judged.run(2_000);
  fleet.scope = "process";
  judged.run(60_000, () => poolOf(judged, "s1a").refused += 10);
  assertEquals(judged.told(), ["raised redis_down"]);
  own.redisUp = true;
  fleet.scope = "fleet";
  for (const isolate of isolates) isolate.expired += 3;
  judged.run(6_000);
  other.state = "alive";
  for (const isolate of isolates) isolate.lease = "held";
  judged.run(40_000);
  for (const shard of ["s1", "s2"]) failing(judged, shard, {});
  judged.run(120_000);
  assertEquals(judged.told(), ["cleared redis_down"]);
});

Deno.test("a Redis that refuses raises one coherence_lost for all isolates", () => {
  const judged = new JudgedFleet();
  for (const id of ["p1", "p2"]) judged.fleet.isolate(id).lease = "lost";
  judged.run(14_000);
  assertEquals(judged.told(), ["raised coherence_lost"]);
});

Deno.test("a pool that is exhausted raises pool_saturated, and not the calls that it fails", () => {
  const judged = new JudgedFleet();
  failing(judged, "s1", { pool_saturated: 100, deadline_exceeded: 40 });
  judged.fleet.cell("player.get s1").queryMs = 400;
  judged.run(14_000, () => {
    poolOf(judged, "s1a").waiting = 32;
    poolOf(judged, "s1a").refused += 20;
  });
  assertEquals(judged.told(), ["raised pool_saturated s1 s1a"]);
  judged.run(60_000, () => poolOf(judged, "s1a").refused += 20);
  assertEquals(judged.told(), []);
});

Deno.test("a pool that lends nothing raises pool_saturated before many are refused", () => {
  const judged = new JudgedFleet();
  poolOf(judged, "s1a").waiting = 1;
  judged.run(14_000);
  assertEquals(judged.told(), ["raised pool_saturated s1 s1a"]);
});

Deno.test("calls that fail for no other reason raise error_rate", () => {
  const judged = new JudgedFleet();
  judged.fleet.node("s1b").up = false;
  failing(judged, "s1", { shard_unavailable: 50, internal: 100 });
  judged.run(30_000);
  assertEquals(judged.told(), ["raised node_down s1 s1b", "raised error_rate s1"]);
});

Deno.test("one statement that fails everywhere raises one error_rate; what callers do wrong raises none", () => {
  const judged = new JudgedFleet();
  for (const shard of ["s1", "s2"]) {
    judged.fleet.cell(`player.get ${shard}`).errors = { statement_unavailable: 600 };
    judged.fleet.cell(`guild.get ${shard}`).errors = { invalid_request: 600, lock_lost: 600 };
  }
  judged.run(30_000);
  assertEquals(judged.told(), ["raised error_rate s1"]);
});

Deno.test("an index that is dropped raises statement_slow, and not its plan's change ten minutes later", () => {
  const judged = new JudgedFleet();
  judged.extra = { plans: {} };
  for (const shard of ["s1", "s2"]) judged.fleet.cell(`player.get ${shard}`).queryMs = 40;
  failing(judged, "s1", { deadline_exceeded: 100 });
  judged.run(14_000);
  assertEquals(judged.told(), ["raised statement_slow player.get"]);
  assertMatch(judged.summary(), /takes 40 ms on s1, s2, usually 0\.5\d ms/);
  const why = ["no longer uses the index by_name of players"];
  judged.extra = { plans: { "player.get": [{ shard: "s1", why }, { shard: "s2", why }] } };
  judged.run(20_000);
  assertMatch(judged.summary(), /it explains plan_change of player.get/);
  // The index is back; its plan is looked at ten minutes later.
  for (const shard of ["s1", "s2"]) judged.fleet.cell(`player.get ${shard}`).queryMs = 0.5;
  failing(judged, "s1", {});
  judged.run(600_000);
  judged.extra = { plans: {} };
  judged.run(600_000);
  assertEquals(judged.told(), ["cleared statement_slow player.get"]);
});

Deno.test("a plan that became worse raises plan_change once for all that used the index, and not that they are slow", () => {
  const judged = new JudgedFleet();
  const why = ["no longer uses the index by_name of players"];
  const worse = [{ shard: "s1", why }];
  judged.extra = { plans: { "player.get": worse, "guild.get": worse } };
  judged.run(4_000);
  judged.fleet.cell("player.get s1").queryMs = 40;
  judged.run(60_000);
  assertEquals(judged.told(), ["raised plan_change player.get s1"]);
});

Deno.test("a shard that is slow raises one alert, not one per statement", () => {
  const judged = new JudgedFleet();
  for (const [name, cell] of Object.entries(judged.fleet.calls)) {
    if (name.endsWith(" s1")) cell.queryMs = 60;
  }
  judged.run(30_000);
  assertEquals(judged.told(), ["raised statement_slow s1"]);
});

Deno.test("a query that takes long but not longer than usual raises nothing, nor does one of few", () => {
  const judged = new JudgedFleet();
  judged.fleet.calls["report.long s1"] = { calls: 100, errors: {}, queryMs: 900 };
  judged.run(120_000);
  judged.fleet.cell("player.get s1").queryMs = 4;
  judged.fleet.calls["event.list s1"] = { calls: 10, errors: {}, queryMs: 500 };
  judged.run(60_000);
  assertEquals(judged.told(), []);
});

Deno.test("a process that falls silent raises isolate_lost alone", () => {
  const judged = new JudgedFleet();
  judged.fleet.process("p2").state = "silent";
  judged.fleet.isolate("p2").lease = "lost";
  judged.run(10_000);
  judged.fleet.isolate("p1").expired++;
  judged.run(10_000);
  assertEquals(judged.told(), ["raised isolate_lost p2"]);
  delete judged.fleet.processes["p2"];
  judged.run(20_000);
  assertEquals(judged.told(), ["cleared isolate_lost p2"]);
});

Deno.test("a process that dies again and again raises isolate_lost once", () => {
  const judged = new JudgedFleet();
  for (let start = 0; start < 100; start++) {
    judged.fleet.processes[`x${start}`] = structuredClone(judged.fleet.process("p2"));
    judged.fleet.process(`x${start}`).state = "silent";
    judged.run(4_000);
  }
  assertEquals(judged.told(), ["raised isolate_lost"]);
});

Deno.test("a process that died with a full pool raises nothing of that pool any more", () => {
  const judged = new JudgedFleet();
  const pool = judged.fleet.isolate("p2").pools["s1a"];
  assert(pool !== undefined);
  pool.waiting = 8;
  judged.run(4_000);
  judged.fleet.process("p2").state = "silent";
  judged.run(30_000);
  assertEquals(judged.told(), ["raised isolate_lost p2"]);
});

Deno.test("a process that stops, or one that starts with what it has counted, raises nothing", () => {
  const judged = new JudgedFleet();
  delete judged.fleet.processes["p2"];
  judged.fleet.processes["p3"] = structuredClone(judged.fleet.process("p1"));
  judged.fleet.isolate("p3").expired = 100;
  judged.run(60_000);
  assertEquals(judged.told(), []);
});

Deno.test("a lock that runs out while it is held raises lock_expired, for half a minute", () => {
  const judged = new JudgedFleet();
  judged.fleet.isolate("p2").expired++;
  judged.run(10_000);
  assertEquals(judged.told(), ["raised lock_expired"]);
  judged.run(70_000);
  assertEquals(judged.told(), ["cleared lock_expired"]);
});

function poolOf(judged: JudgedFleet, node: string) {
  const pool = judged.fleet.isolate("p1").pools[node];
  if (pool === undefined) throw new Error(`Cannot find the pool of ${node}`);
  return pool;
}
