import { assert, assertEquals, assertMatch } from "@std/assert";
import { AlertMemory } from "../../src/monitor/alerts/alert_memory.ts";
import { alertRules } from "../../src/monitor/alerts/alert_rules.ts";
import type { AlertFacts } from "../../src/monitor/alerts/alert_facts.ts";
import { Growth } from "../../src/monitor/alerts/growth.ts";
import { QueryBaseline } from "../../src/monitor/alerts/query_baseline.ts";
import { type AllRuleSettings, RULE_DEFAULTS } from "../../src/monitor/alerts/rule_settings.ts";
import { QueryOptimizer } from "../../src/query/query_optimizer.ts";
import { worsePlans } from "../../src/service/worse_plans.ts";
import type { ShardReport, TableReport } from "../../src/partitions/table_report.ts";
import { START, TestFleet } from "./fleet.ts";

const HOUR_MS = 3_600_000;

function judge(facts: AlertFacts, settings: Partial<AllRuleSettings> = {}) {
  const past = new AlertMemory().take(facts.view);
  return alertRules(facts, { past, settings: { ...RULE_DEFAULTS, ...settings } });
}

function shardReport(shard: string, ends: readonly (number | null)[]): ShardReport {
  const partitions = ends.map((until, n) => ({
    name: `p${n}`,
    until: until === null ? null : new Date(until).toISOString(),
    rows: 1,
  }));
  return { shard, node: `${shard}a`, status: "ok", partitions, steps: [], problems: [] };
}

const table = (shards: readonly ShardReport[]): TableReport => ({
  table: "event_log",
  rule: { by: "range", column: "at", period: "day", aheadMs: 7 * 24 * HOUR_MS, keepMs: undefined },
  shards,
});

/** A table of hours, of which one shard's last partition ends so many hours from now. */
const hourly = (aheadHours: number, endsInHours: number): TableReport => ({
  table: "event_log",
  rule: {
    by: "range",
    column: "at",
    period: "hour",
    aheadMs: aheadHours * HOUR_MS,
    keepMs: undefined,
  },
  shards: [shardReport("s1", [START + endsInHours * HOUR_MS])],
});

const withTables = (tables: readonly TableReport[], at = START): AlertFacts => ({
  view: new TestFleet().view(),
  partitions: { at, tables },
});

Deno.test("partition_missing names each table once that has no partition for tomorrow, on whatever shards", () => {
  const [today, later] = [START + 12 * HOUR_MS, START + 36 * HOUR_MS];
  const missing = withTables([table([shardReport("s1", [today]), shardReport("s2", [today])])]);
  const [found, ...others] = judge(missing).conditions;
  assertEquals(others, []);
  assertEquals([found?.rule, found?.subject, found?.severity, found?.value], [
    "partition_missing",
    { table: "event_log" },
    "critical",
    12 * HOUR_MS,
  ]);
  assertMatch(found?.summary ?? "", /event_log on s1, s2 end at 2026-11-27T00:00:00/);
  // A partition for all that comes later takes the rows, so that less is at stake.
  const caught = withTables([
    table([shardReport("s1", [today, null]), shardReport("s2", [today, later])]),
  ]);
  const [one] = judge(caught).conditions;
  assertEquals([one?.severity, one?.subject], ["warning", { table: "event_log", shard: "s1" }]);
  for (const fine of [[shardReport("s1", [today, later])], [shardReport("s1", [])]]) {
    assertEquals(judge(withTables([table(fine)])).conditions, []);
  }
});

Deno.test("partition_missing asks for no more than what a table's upkeep makes", () => {
  const missing = (aheadHours: number, endsInHours: number) =>
    judge(withTables([hourly(aheadHours, endsInHours)])).conditions
      .map(({ value, threshold }) => [value, threshold]);
  // Just before an upkeep an hour is missing, two where one run was left out.
  for (const endsIn of [13, 12, 10.1]) assertEquals(missing(12, endsIn), []);
  assertEquals(missing(12, 10), [[10 * HOUR_MS, 10 * HOUR_MS]]);
  assertEquals(missing(24, 23), []);
  assertEquals(missing(24, 22), [[22 * HOUR_MS, 22 * HOUR_MS]]);
  assertEquals(missing(48, 24), [[24 * HOUR_MS, 24 * HOUR_MS]]);
  assertEquals(missing(1, 0.1), []);
  assertEquals(missing(1, -0.1), [[-0.1 * HOUR_MS, 0]]);
});

Deno.test("alertRules says what it does not know, and raises nothing of it", () => {
  const { conditions, unknown } = judge({ view: new TestFleet().view() });
  assertEquals([conditions, [...unknown].sort()], [[], ["partition_missing", "plan_change"]]);
  const stale = withTables([table([shardReport("s1", [START])])], START - 4 * HOUR_MS);
  assertEquals(judge(stale).conditions, []);
  assert(judge(stale).unknown.has("partition_missing"));
  const alone = new TestFleet();
  alone.scope = "process";
  assert(judge({ view: alone.view(), plans: {} }).unknown.has("isolate_lost"));
});

Deno.test("alertRules leaves out rules that are switched off", () => {
  const fleet = new TestFleet();
  fleet.node("s1b").up = false;
  const facts = { view: fleet.view() };
  const off = { ...RULE_DEFAULTS.node_down, enabled: false };
  assertEquals(judge(facts).conditions.map(({ rule }) => rule), ["node_down"]);
  assertEquals(judge(facts, { node_down: off }).conditions, []);
  const plans = { ...RULE_DEFAULTS.plan_change, enabled: false };
  assertEquals(judge(facts, { plan_change: plans }).unknown.has("plan_change"), false);
});

Deno.test("alertRules finds nothing in facts that are all unknown", () => {
  const view = new TestFleet().view();
  const nodes = view.nodes.map((node) => ({
    ...node,
    role: "unknown" as const,
    up: false,
    lagMs: null,
    semiSync: null,
    observedAt: null,
    connections: null,
    server: null,
  }));
  const shards = view.shards.map((shard) => ({
    ...shard,
    primary: null,
    status: "unknown" as const,
  }));
  const empty = { ...view, nodes, shards, processes: [], statements: [] };
  assertEquals(judge({ view: empty, plans: {} }).conditions, []);
});

Deno.test("an isolate that has just started has not lost its lease", () => {
  const view = new TestFleet().view();
  const starting = view.processes.map((process) => ({
    ...process,
    isolates: process.isolates.map((isolate) => ({
      ...isolate,
      startedAt: view.at - 5_000,
      caches: { ...isolate.caches, lease: "lost" as const },
    })),
  }));
  assertEquals(judge({ view: { ...view, processes: starting } }).conditions, []);
});

Deno.test("calls of several shards and of none are one condition", () => {
  const fleet = new TestFleet();
  const failing = { calls: 100, errors: { internal: 50 }, queryMs: 1 };
  fleet.calls["leaderboard.top *"] = failing;
  fleet.calls["event.latest -"] = failing;
  const { conditions } = judge({ view: fleet.view() });
  assertEquals(conditions.map(({ rule, subject, value }) => [rule, subject, value]), [
    ["error_rate", {}, 0.5],
  ]);
});

Deno.test("what failed before a shard was chosen is a share of all calls of its statement", () => {
  const fleet = new TestFleet();
  fleet.calls["config.get s1"] = { calls: 100_000, errors: {}, queryMs: 1 };
  fleet.calls["config.get -"] = { calls: 25, errors: { deadline_exceeded: 25 }, queryMs: 1 };
  assertEquals(judge({ view: fleet.view() }).conditions.filter(({ raises }) => raises), []);
});

Deno.test("worsePlans knows nothing until the servers were asked, then what became worse", () => {
  const optimizer = new QueryOptimizer({
    shards: ["s1"],
    caches: [],
    strict: false,
    maxTimeoutMs: 1_000,
  });
  const text = "-- name: player.one :one\n-- @shard s1\nSELECT id FROM players WHERE id = 1;\n";
  optimizer.load([{ file: "player.sql", text }]);
  assertEquals(worsePlans(optimizer.list()), undefined);
  const report = { summary: "players", fingerprint: "1", rows: 1 };
  const change = { shard: "s1", from: report, to: report, why: ["sorts"], since: START };
  const facts = { columns: [], warnings: [], tookMs: 1 };
  optimizer.applyFacts({ "player.one": { ...facts, planChanges: [change] } });
  assertEquals(worsePlans(optimizer.list()), { "player.one": [change] });
  optimizer.applyFacts({ "player.one": facts });
  assertEquals(worsePlans(optimizer.list()), { "player.one": [] });
});

Deno.test("Growth counts what was added in its window, of each source from its second value on", () => {
  const growth = new Growth({ windowMs: 10_000 });
  const see = (source: string, total: number, at: number) =>
    growth.see({ source, sum: "s1a", total }, at);
  assertEquals([see("a", 100, 0), see("a", 105, 2_000), see("b", 7, 2_000)], [
    undefined,
    5,
    undefined,
  ]);
  assertEquals(growth.sums(2_000).get("s1a"), 5);
  // An isolate that started anew counts from zero.
  assertEquals([see("a", 3, 4_000), see("a", 4, 6_000)], [undefined, 1]);
  assertEquals(growth.sums(11_999).get("s1a"), 6);
  assertEquals(growth.sums(12_000).get("s1a"), 1);
});

Deno.test("QueryBaseline knows what is usual after half a minute, and hardly learns what is slow", () => {
  const baseline = new QueryBaseline();
  const learn = (ms: number, from: number, slow = false) => {
    for (let at = from; at <= from + 60_000; at += 2_000) baseline.learn("a s1", { ms, at, slow });
  };
  baseline.learn("a s1", { ms: 1, at: 0 });
  assertEquals(baseline.usual().size, 0);
  learn(1, 0);
  assertEquals(baseline.usual().get("a s1"), 1);
  learn(100, 60_000, true);
  assert((baseline.usual().get("a s1") ?? 0) < 1.5);
  learn(2, 120_000);
  const usual = baseline.usual().get("a s1") ?? 0;
  assert(usual > 1.2 && usual < 2, `${usual} ms`);
  const other = new QueryBaseline();
  other.import(baseline.export());
  assertEquals(other.usual(), baseline.usual());
});

Deno.test("QueryBaseline remembers two thousand statements, those that were called last", () => {
  const baseline = new QueryBaseline();
  for (let n = 0; n < 2_100; n++) baseline.learn(`statement-${n} s1`, { ms: 1, at: n });
  const cells = baseline.export().map(({ cell }) => cell);
  assertEquals([cells.length, cells[0]], [2_000, "statement-100 s1"]);
});

Deno.test("the README's table has every rule with its own settings", async () => {
  const text = await Deno.readTextFile(new URL("../../README.md", import.meta.url));
  const section = text.slice(text.indexOf("\n## Alerts"), text.indexOf("\n## Metrics"));
  const rows = section.split("\n").filter((line) => line.startsWith("| `"))
    .map((line) => line.split("|").map((cell) => cell.trim()));
  const shown = Object.fromEntries(rows.map(([, rule = "", , threshold, after, over]) => [
    rule.replaceAll("`", ""),
    [numberOf(threshold), numberOf(after) ?? 0, numberOf(over)],
  ]));
  const real = Object.fromEntries(
    Object.entries(RULE_DEFAULTS).map(([rule, { threshold, forMs, clearMs }]) => [
      rule,
      [threshold, forMs, clearMs],
    ]),
  );
  assertEquals(shown, real);
});

/** A table's cell: a number, with its unit as milliseconds; `null` where it is empty. */
function numberOf(cell = ""): number | null {
  const [digits = "", unit] = cell.split(" ");
  if (digits === "") return null;
  const units: Record<string, number> = { ms: 1, s: 1_000, min: 60_000, h: HOUR_MS };
  return Number(digits) * (unit === undefined ? 1 : units[unit] ?? NaN);
}
