import { assert, assertEquals, assertThrows } from "@std/assert";
import { FAMILIES } from "../../../src/http/metrics/families.ts";
import { renderMetrics } from "../../../src/http/metrics/render_metrics.ts";
import { CALL_BOUNDS_MS } from "../../../src/monitor/statement_metrics.ts";
import { assertValid, familiesIn, histogramsOf, linesOf, valueOf } from "./exposition.ts";
import { alert, counts, isolate, node, shard, statement, view } from "./views.ts";

Deno.test("renderMetrics writes what Prometheus reads, each family once with its labels", async () => {
  const text = await renderMetrics(view());
  assertValid(text);
  assertEquals(familiesIn(text).map(({ name }) => name), FAMILIES.map(({ name }) => name));
  for (const { name, labels, type, samples } of FAMILIES) {
    assert(samples(view()).length > 0, `${name} must have a sample`);
    const added = type === "histogram" ? ["le"] : [];
    for (const sample of samples(view())) {
      const said = Object.keys(sample.labels);
      if (sample.suffix === "_bucket") assertEquals(said, [...labels, ...added]);
      else assertEquals(said, [...labels], name);
    }
  }
});

Deno.test("assertValid finds what Prometheus would refuse", () => {
  const family = (type: string, ...lines: readonly string[]) =>
    `${["# HELP a_total A.", `# TYPE a_total ${type}`, ...lines].join("\n")}\n`;
  const histogram = (...lines: readonly string[]) =>
    family("histogram", ...lines, "a_sum 1", "a_count 2").replaceAll("a_total", "a");
  assertValid(family("counter", 'a_total{b="1"} 1', 'a_total{b="2"} 1'));
  assertValid(histogram('a_bucket{le="1"} 1', 'a_bucket{le="+Inf"} 2'));
  for (
    const [wrong, why] of [
      [family("counter", 'a_total{b="1"} 1', 'a_total{b="1"} 2'), "no sample may be there twice"],
      [family("counter", "a_total NaN"), "every value must be a number"],
      [family("counter", 'a_total{b="\\x"} 1'), "This is no sample"],
      [family("counter", 'a_total{b="1",} 1'), "This is no sample"],
      [family("gauge", "a_total 1"), "a_total is a GAUGE"],
      [family("counter", "a_total 1").replaceAll("a_total", "a"), "a is a COUNTER"],
      [family("counter", "# HELP a_total A.", "a_total 1"), "must have one HELP"],
      [family("counter", "a_total 1").replace("A.", ""), "Encountered invalid line"],
      [family("counter", "a_total 1").slice(0, -1), "the last line must end"],
      [family("counter", "a_total 1").replaceAll("a_", "a_ms_"), "has no base unit"],
      [histogram('a_bucket{le="1"} 3', 'a_bucket{le="+Inf"} 2'), "must have buckets that add up"],
      [histogram('a_bucket{le="1"} 1', 'a_bucket{le="+Inf"} 1'), "count what its last bucket has"],
      [histogram('a_bucket{le="1"} 1'), "count what its last bucket has"],
    ] as const
  ) assertThrows(() => assertValid(wrong), Error, why);
});

Deno.test("renderMetrics makes an exact histogram of the buckets that were counted", async () => {
  const buckets = CALL_BOUNDS_MS.map((_, at) => at);
  const counted = counts([...buckets, 100], { callMs: 1_234.5 });
  const text = await renderMetrics(view({ statements: [statement(counted)] }));
  assertValid(text);
  const [histogram, ...others] = histogramsOf(text, "realmgate_call_duration_seconds");
  assertEquals(others, []);
  assertEquals(histogram?.buckets, {
    ...Object.fromEntries(
      CALL_BOUNDS_MS.map((ms, at) => [String(ms / 1_000), at * (at + 1) / 2]),
    ),
    "+Inf": counted.calls,
  });
  assertEquals([histogram?.count, histogram?.sum], [counted.calls, 1.2345]);
});

Deno.test("renderMetrics adds up what two isolates did, and keeps apart what each is", async () => {
  const text = await renderMetrics(view({
    isolates: [
      isolate("isolate-1", { lent: 3, hits: 10 }),
      isolate("isolate-2", { lent: 4, hits: 1, lease: "lost" }),
    ],
    statements: [statement(counts([2, 1])), statement(counts([0, 5]))],
  }));
  assertValid(text);
  assertEquals(valueOf(text, "realmgate_pool_lent_total", { node: "s1a" }), 7);
  assertEquals(valueOf(text, "realmgate_pool_connections", { node: "s1a", state: "in_use" }), 2);
  assertEquals(valueOf(text, "realmgate_pool_max_connections", { node: "s1a" }), 16);
  assertEquals(valueOf(text, "realmgate_pool_wait_seconds_total", { node: "s1a" }), 3);
  assertEquals(valueOf(text, "realmgate_cache_hits_total", { cache: "players" }), 11);
  assertEquals(valueOf(text, "realmgate_locks_waiting"), 8);
  assertEquals(valueOf(text, "realmgate_lock_wait_seconds_total"), 0.5);
  assertEquals(valueOf(text, "realmgate_isolates"), 2);
  for (const [isolate, held] of [["isolate-1", 1], ["isolate-2", 0]] as const) {
    assertEquals(valueOf(text, "realmgate_coherence_lease_held", { isolate }), held);
  }
  assertEquals(valueOf(text, "realmgate_calls_total", { statement: "player.get" }), 8);
  assertEquals(valueOf(text, "realmgate_call_duration_seconds_bucket", { le: "0.0005" }), 2);
  assertEquals(valueOf(text, "realmgate_call_duration_seconds_bucket", { le: "0.001" }), 8);
});

Deno.test("renderMetrics tells statements apart by shard and kind, and errors by code", async () => {
  const since = counts([1], { errors: { deadlock: 2, deadline_exceeded: 3 } });
  const text = await renderMetrics(view({
    statements: [
      statement(since),
      statement(counts([4]), { shard: "s2" }),
      statement(counts([5]), { kind: "write" }),
      statement(counts([6]), { shard: "*" }),
      statement(counts([7]), { shard: "-" }),
    ],
  }));
  assertValid(text);
  const calls = linesOf(text).filter(({ name }) => name === "realmgate_calls_total");
  assertEquals(calls.map(({ labels: { shard, kind }, value }) => [shard, kind, value]), [
    ["s1", "read", 1],
    ["s2", "read", 4],
    ["s1", "write", 5],
    ["*", "read", 6],
    ["-", "read", 7],
  ]);
  const errors = linesOf(text).filter(({ name }) => name === "realmgate_call_errors_total");
  assertEquals(errors.map(({ labels: { shard, code }, value }) => [shard, code, value]), [
    ["s1", "deadlock", 2],
    ["s1", "deadline_exceeded", 3],
  ]);
});

Deno.test("renderMetrics says of a database what is known, and nothing of what is not", async () => {
  const unknown = node({
    node: "s1b",
    role: "unknown",
    up: false,
    latencyMs: null,
    lagMs: null,
    observedAt: null,
    connections: null,
    server: null,
    ejected: "it does not answer",
  });
  const text = await renderMetrics(view({ nodes: [node({ node: "s1c", lagMs: 0 }), unknown] }));
  assertValid(text);
  const told = (node: string) =>
    Object.fromEntries(
      linesOf(text)
        .filter(({ name, labels }) => name.startsWith("realmgate_node_") && labels["node"] === node)
        .map(({ name, labels: { role }, value }) => [role ?? name.slice(15), value]),
    );
  assertEquals(told("s1b"), { up: 0, primary: 0, replica: 0, unknown: 1, ejected: 1 });
  assertEquals(told("s1c"), {
    up: 1,
    primary: 0,
    replica: 1,
    unknown: 0,
    ejected: 0,
    lag_seconds: 0,
    probe_seconds: 0.0015,
    observed_timestamp_seconds: 1_795_600_000,
    connections: 12,
    max_connections: 151,
    threads_running: 2,
    buffer_pool_hit_ratio: 0.998,
    replication_receiving: 1,
    replication_applying: 1,
    replication_lag_seconds: 0,
  });
});

Deno.test("renderMetrics says how each shard stands, and keeps every digit of its epoch", async () => {
  const text = await renderMetrics(view({
    shards: [shard({ epoch: "1795600000000001" }), shard({ name: "s2", status: "split_brain" })],
  }));
  assertValid(text);
  const status = (shard: string, status: string) =>
    valueOf(text, "realmgate_shard_status", { shard, status });
  assertEquals([status("s1", "ok"), status("s1", "split_brain")], [1, 0]);
  assertEquals([status("s2", "ok"), status("s2", "split_brain")], [0, 1]);
  assertEquals(valueOf(text, "realmgate_shard_epoch", { shard: "s1" }), 1_795_600_000_000_001);
});

Deno.test("renderMetrics counts the alerts that are raised, not those that are over", async () => {
  const over = alert({ id: "3", state: "cleared", clearedAt: 1 });
  const slow = alert({ id: "4", rule: "statement_slow", severity: "warning" });
  const text = await renderMetrics(view({ alerts: [alert(), alert({ id: "2" }), over, slow] }));
  assertValid(text);
  const raised = (rule: string, severity: string) =>
    valueOf(text, "realmgate_alerts_raised", { rule, severity });
  assertEquals([raised("node_down", "critical"), raised("statement_slow", "warning")], [2, 1]);
});

Deno.test("renderMetrics escapes whatever names say", async () => {
  const odd = 'a"b\\c\nd{e="f"},g ü';
  const text = await renderMetrics(view({
    version: odd,
    nodes: [node({ node: odd })],
    statements: [statement(counts([1], { errors: { [odd]: 1 } }), { statement: odd })],
  }));
  assertValid(text);
  assertEquals(valueOf(text, "realmgate_node_up", { node: odd }), 1);
  assertEquals(valueOf(text, "realmgate_build_info", { version: odd }), 1);
  assertEquals(valueOf(text, "realmgate_call_errors_total", { statement: odd, code: odd }), 1);
  assertEquals(valueOf(text, "realmgate_calls_total", { statement: odd }), 1);
});

Deno.test("renderMetrics is valid before anything is known", async () => {
  const nothing = view({
    processes: [],
    shards: [],
    nodes: [],
    statements: [],
    alerts: [],
  });
  const text = await renderMetrics(nothing);
  assertEquals(linesOf(text), []);
  assertValid(text);
});
