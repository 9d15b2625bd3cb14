import { assert, assertEquals } from "@std/assert";
import * as fc from "fast-check";
import { LatencyHistogram } from "../../src/monitor/latency_histogram.ts";
import { addPairs, latencyOf } from "../../src/monitor/latency_pairs.ts";
import { LatencyWindow } from "../../src/monitor/latency_window.ts";

function summaryOf(window: LatencyWindow, now: number) {
  return latencyOf(window.pairs(now));
}

Deno.test("LatencyHistogram keeps percentiles to one part in thirty, added up as well", () => {
  const durations = fc.array(fc.double({ min: 0.001, max: 60_000, noNaN: true }), {
    minLength: 1,
    maxLength: 500,
  });
  fc.assert(fc.property(durations, fc.integer({ min: 0, max: 500 }), (all, cut) => {
    const [one, other, whole] = [
      new LatencyHistogram(),
      new LatencyHistogram(),
      new LatencyHistogram(),
    ];
    for (const ms of all.slice(0, cut)) one.record(ms);
    for (const ms of all.slice(cut)) other.record(ms);
    for (const ms of all) whole.record(ms);
    const added = addPairs([one.pairs(), other.pairs()]);
    assertEquals(added, whole.pairs());
    const sorted = [...all].sort((a, b) => a - b);
    const exact = (percentile: number) =>
      sorted[Math.max(0, Math.ceil(percentile / 100 * sorted.length) - 1)] as number;
    const { count, mean, p50, p90, p99, max } = latencyOf(added);
    assertEquals(count, all.length);
    const exactMean = all.reduce((sum, ms) => sum + ms, 0) / all.length;
    const found = [[p50, exact(50)], [p90, exact(90)], [p99, exact(99)], [
      max,
      exact(100),
    ]] as const;
    for (const [value, expected] of [...found, [mean, exactMean]] as const) {
      assert(
        Math.abs(value - expected) <= expected / 30 + 0.001,
        `${JSON.stringify(found)}, mean ${mean}, exactly ${exactMean}`,
      );
    }
  }));
});

Deno.test("LatencyHistogram takes what is no duration as the nearest that is", () => {
  const histogram = new LatencyHistogram();
  for (const ms of [-1, NaN, 1e9, Infinity]) histogram.record(ms);
  const { count, p50, max } = latencyOf(histogram.pairs());
  assertEquals(count, 4);
  assertEquals(p50, 0);
  assert(max <= 605_000, `${max}`);
  histogram.clear();
  assertEquals(histogram.pairs().length, 0);
  assertEquals(latencyOf([]), { count: 0, mean: 0, p50: 0, p90: 0, p99: 0, max: 0 });
});

Deno.test("LatencyWindow holds five to six minutes, whenever it is asked", () => {
  const at = fc.array(fc.integer({ min: 0, max: 20 * 60_000 }), { minLength: 1, maxLength: 60 });
  fc.assert(fc.property(at, (times) => {
    const window = new LatencyWindow();
    const sorted = [...times].sort((a, b) => a - b);
    for (const [index, now] of sorted.entries()) {
      window.record(1, now);
      if (index % 3 !== 0) continue;
      const { count } = summaryOf(window, now);
      const within = (ms: number) => sorted.slice(0, index + 1).filter((t) => t > now - ms).length;
      assert(count >= within(300_000), `${count} of at least ${within(300_000)}`);
      assert(count <= within(360_001), `${count} of at most ${within(360_001)}`);
    }
    const last = sorted.at(-1) as number;
    assertEquals(summaryOf(window, last + 360_000).count, 0);
  }));
});
