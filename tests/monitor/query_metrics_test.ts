import { assert, assertEquals } from "@std/assert";
import { QueryMetrics } from "../../src/monitor/query_metrics.ts";
import { StatementTotals, toMetrics } from "../../src/monitor/statement_totals.ts";
import { ManualClock } from "../support/manual_clock.ts";

const GET = { statement: "player.get", shard: "s1", kind: "read" } as const;
const GOLD = { statement: "player.add_gold", shard: "s2", kind: "write" } as const;

function metricsAt(clock: ManualClock): QueryMetrics {
  return new QueryMetrics({ clock, slowMs: 100 });
}

Deno.test("QueryMetrics counts each call once, by what became of it", () => {
  const clock = new ManualClock();
  const metrics = metricsAt(clock);
  const query = { queueMs: 1, executeMs: 4, now: clock.now(), keys: 1 };
  metrics.recordExecution(GET, query);
  metrics.recordQuery({ ...GET, totalMs: 6, encodeMs: 1, rows: 1, bytes: 90 }, clock.now());
  metrics.recordHit(GET, 90);
  metrics.recordFailure(GET, { code: "invalid_request", totalMs: 0 });
  metrics.recordFailure(GET, { code: "deadline_exceeded", totalMs: 5_001 });
  metrics.recordExecution(GET, { ...query, keys: 3 });
  const [report] = metrics.report({ latency: false });
  assertEquals(report, {
    ...GET,
    counts: {
      calls: 4,
      errors: { invalid_request: 1, deadline_exceeded: 1 },
      cached: 1,
      batched: 3,
      rows: 1,
      bytes: 180,
      queries: 2,
      queryMs: 8,
      callMs: 5_007,
      callBuckets: [2, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0, 1],
    },
  });
});

Deno.test("QueryMetrics has a bound of series, past which they are counted together", () => {
  const metrics = metricsAt(new ManualClock());
  for (let n = 0; n < 6_000; n++) {
    metrics.recordHit({ statement: `s.${n}`, shard: "s1", kind: "read" }, 1);
  }
  const reports = metrics.report({ latency: true });
  assertEquals(reports.length, 5_001);
  const others = reports.find(({ statement }) => statement === "(others)");
  assertEquals(others?.counts.calls, 1_000);
});

Deno.test("SlowSamples keeps the newest of each statement, and of a bounded number of them", () => {
  const { slow } = metricsAt(new ManualClock());
  const sample = { shard: "s1", source: "replica", totalMs: 200, queueMs: 0, executeMs: 199 };
  const rest = { encodeMs: 1, rows: 0, params: {}, plan: null };
  for (let at = 0; at < 1_000; at++) {
    slow.add({ ...sample, ...rest, at, statement: `s.${at % 120}` });
    slow.add({ ...sample, ...rest, at, statement: "noisy" });
  }
  const kept = slow.list();
  assertEquals(kept.filter(({ statement }) => statement === "noisy").length, 8);
  assert(new Set(kept.map(({ statement }) => statement)).size <= 100);
  assertEquals(kept[0]?.at, 999);
});

Deno.test("StatementTotals adds isolates up and tells what was counted in the last ten seconds", () => {
  const clock = new ManualClock();
  const isolates = [metricsAt(clock), metricsAt(clock)];
  const totals = new StatementTotals();
  const second = (calls: number) => {
    for (const metrics of isolates) {
      for (let n = 0; n < calls; n++) {
        const totalMs = n % 2 === 0 ? 10 : 20;
        metrics.recordQuery({ ...GET, totalMs, encodeMs: 0, rows: 1, bytes: 1 }, clock.now());
      }
    }
    clock.advance(1_000);
    totals.take(isolates.flatMap((one) => one.report({ latency: true })), clock.now());
  };
  isolates[0]?.recordFailure(GOLD, { code: "deadlock", totalMs: 3 });
  for (let n = 0; n < 30; n++) second(4);
  for (let n = 0; n < 5; n++) second(0);
  const metrics = toMetrics(totals.list({ latency: true }));
  assertEquals(metrics.length, 2);
  const of = (wanted: string) => metrics.find(({ statement }) => statement === wanted);
  const [get, gold] = [of(GET.statement), of(GOLD.statement)];
  assertEquals([get?.since.calls, get?.recent.calls, get?.recent.seconds], [240, 40, 10]);
  const { count = 0, p50 = 0, max = 0 } = get?.latency.total ?? {};
  assertEquals([count, Math.round(p50), Math.round(max)], [240, 10, 20]);
  assertEquals([gold?.since.errors, gold?.recent.errors], [{ deadlock: 1 }, {}]);
});
