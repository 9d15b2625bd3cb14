import { assert, assertEquals } from "@std/assert";
import { bucketMs, CALL_BOUNDS_MS, percentile } from "../../src/http/admin/page/buckets.js";
import { age, bytes, count, ms, percent, rate, since } from "../../src/http/admin/page/format.js";
import { Rates } from "../../src/http/admin/page/rates.js";
import { SseParser } from "../../src/http/admin/page/sse_parser.js";
import { layout } from "../../src/http/admin/page/topology_layout.js";
import { CALL_BOUNDS_MS as SERVED_BOUNDS } from "../../src/monitor/statement_metrics.ts";
import { fleetView } from "./fleet_views.ts";

Deno.test("SseParser reads events however their text is cut", () => {
  const text = "retry: 1000\n\n: a comment\n\nid: a/raised\nevent: alert\ndata: {\ndata: }\n\n" +
    "event: fleet\r\ndata:1\r\n\r\nevent: fleet\ndata: not yet whole";
  const expected = [
    { event: "alert", data: "{\n}", id: "a/raised" },
    { event: "fleet", data: "1", id: "a/raised" },
  ];
  for (let cut = 0; cut <= text.length; cut++) {
    const parser = new SseParser();
    const events = [...parser.push(text.slice(0, cut)), ...parser.push(text.slice(cut))];
    assertEquals(events, expected, `cut at ${cut}`);
  }
});

Deno.test("percentile spreads the calls of a bucket over it, and knows the service's buckets", () => {
  assertEquals(CALL_BOUNDS_MS, SERVED_BOUNDS);
  const buckets = [0, 0, 0, 100];
  assertEquals(percentile(buckets, 0.5), 3.75);
  assertEquals(percentile([90, 0, 0, 0, 10], 0.99), 9.5);
  assertEquals(percentile([...CALL_BOUNDS_MS.map(() => 0), 5], 0.5), 5_000);
  assertEquals(percentile([], 0.99), null);
  assertEquals([4_900, 5_000, null].map(bucketMs), ["4.9 s", "> 5 s", "–"]);
});

Deno.test("Rates makes calls and errors a second out of counters", () => {
  const rates = new Rates();
  const [first, next] = [fleetView(600), fleetView(601)];
  rates.add(first);
  assertEquals(rates.points, []);
  const statements = first.statements.map((metrics, index) => ({
    ...metrics,
    since: {
      ...metrics.since,
      calls: metrics.since.calls + (index === 0 ? 30 : 0),
      errors: index === 0 ? { pool_saturated: 4 } : metrics.since.errors,
      callBuckets: metrics.since.callBuckets.map((n, bucket) =>
        n + (index === 0 && bucket === 3 ? 30 : 0)
      ),
    },
  }));
  rates.add({ ...next, at: first.at + 2_000, statements });
  const [point] = rates.points;
  assertEquals(point, {
    at: first.at + 2_000,
    reads: 15,
    writes: 0,
    calls: 15,
    errors: 2,
    codes: { pool_saturated: 2 },
    p50: 3.75,
    p99: 4.975,
  });
});

Deno.test("Rates are steady where processes tell of a steady load each two seconds", () => {
  const rates = new Rates();
  const view = fleetView(600);
  const [metrics] = view.statements;
  if (metrics === undefined) throw new Error("a fleet must have a statement");
  for (let second = 0; second < 20; second++) {
    const since = { ...metrics.since, calls: 20 * Math.floor(second / 2) };
    const statements = [{ ...metrics, since }];
    rates.add({ ...view, at: view.at + second * 1_000, statements });
  }
  assertEquals([...new Set(rates.points.slice(6).map(({ calls }) => calls))], [10]);
});

Deno.test("Rates counts nothing of processes that come, go, or begin anew", () => {
  const rates = new Rates();
  const view = fleetView(600);
  rates.add(view);
  rates.add({ ...view, at: view.at + 1_000, statements: fleetView(10).statements });
  assertEquals(rates.points.map(({ calls }) => calls), [0], "counters that fell were begun anew");
  rates.add({ ...fleetView(900), at: view.at + 2_000, processes: view.processes.slice(1) });
  assertEquals(rates.points.length, 1, "other sums are no calls");
});

Deno.test("format writes numbers so that hardly any is not none", () => {
  assertEquals([count(1_234), count(123_456), count(null)], ["1,234", "123 k", "–"]);
  assertEquals([rate(0), rate(0.0004), rate(12.34), rate(123.4)], ["0", "<0.01", "12.3", "123"]);
  assertEquals([ms(0.42), ms(1_400), ms(90_000)], ["0.42 ms", "1.4 s", "90 s"]);
  assertEquals([age(99_000), age(200_000), age(7_200_000)], ["99 s", "3 min", "2 h"]);
  const [then, today] = [new Date(2026, 10, 25, 11, 2), new Date(2026, 10, 25, 23)];
  assertEquals(since(then.getTime(), today.getTime()), "11:02");
  assertEquals(since(then.getTime(), today.getTime() + 7_200_000), "25 Nov");
  assertEquals([bytes(999), bytes(1_500), bytes(64e6)], ["999 B", "1.5 kB", "64 MB"]);
  assertEquals([percent(0), percent(0.0004), percent(0.9999), percent(1)], [
    "0 %",
    "<0.1 %",
    ">99.9 %",
    "100 %",
  ]);
});

Deno.test("layout keeps every database in its shard and in the picture, at any width", () => {
  const { shards, nodes } = fleetView(1, { headless: ["s2"] });
  const many = Array.from({ length: 7 }, (_, index) =>
    shards.map((shard) => ({
      ...shard,
      name: `${shard.name}-${index}`,
    }))).flat();
  const theirs = many.flatMap(({ name }) =>
    nodes.filter(({ shard }) => name.startsWith(shard))
      .map((node) => ({ ...node, shard: name, node: `${name}${node.node}` }))
  );
  for (const width of [300, 366, 900, 1_400]) {
    const placed = layout(many, { nodes: theirs, width });
    assertEquals(placed.shards.length, many.length);
    for (const { box, nodes, hole } of placed.shards) {
      assertEquals(nodes.length, 3);
      assert(box.x + box.width <= width + 0.01 && box.y + box.height <= placed.height + 0.01);
      for (const inner of [...nodes.map((node) => node.box), ...(hole ? [hole] : [])]) {
        assert(inner.width > 60, `a box of ${inner.width} has no room`);
        assert(inner.x >= box.x && inner.x + inner.width <= box.x + box.width);
        assert(inner.y >= box.y && inner.y + inner.height <= box.y + box.height);
      }
    }
  }
});
