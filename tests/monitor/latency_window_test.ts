import { assert, assertEquals } from "@std/assert";
import * as fc from "fast-check";
import { LatencyHistogram } from "../../src/monitor/latency_histogram.ts";
import { LatencyWindow } from "../../src/monitor/latency_window.ts";

function summaryOf(window: LatencyWindow, now: number) {
  const histogram = new LatencyHistogram();
  histogram.add(window.pairs(now));
  return histogram.summary();
}

Deno.test("LatencyHistogram keeps percentiles to one part in a hundred, sent or merged", () => {
  const durations = fc.array(fc.double({ min: 0.001, max: 60_000, noNaN: true }), {
    minLength: 1,
    maxLength: 500,
  });
  fc.assert(fc.property(durations, fc.integer({ min: 0, max: 500 }), (all, cut) => {
    const [one, other, sent] = [
      new LatencyHistogram(),
      new LatencyHistogram(),
      new LatencyHistogram(),
    ];
    for (const ms of all.slice(0, cut)) one.record(ms);
    for (const ms of all.slice(cut)) other.record(ms);
    sent.add(one.pairs());
    sent.add(other.pairs());
    one.merge(other);
    const sorted = [...all].sort((a, b) => a - b);
    const exact = (percentile: number) =>
      sorted[Math.max(0, Math.ceil(percentile / 100 * sorted.length) - 1)] as number;
    for (const histogram of [one, sent]) {
      const { count, p50, p90, p99, max } = histogram.summary();
      assertEquals(count, all.length);
      for (const [found, wanted] of [[p50, 50], [p90, 90], [p99, 99], [max, 100]] as const) {
        const expected = exact(wanted);
        assert(
          Math.abs(found - expected) <= expected * 0.011 + 0.001,
          `p${wanted}: ${found}, exactly ${expected}`,
        );
      }
    }
  }));
});

Deno.test("LatencyHistogram takes what is no duration as the nearest that is", () => {
  const histogram = new LatencyHistogram();
  for (const ms of [-1, NaN, 1e9, Infinity]) histogram.record(ms);
  const { count, p50, max } = histogram.summary();
  assertEquals(count, 4);
  assertEquals(p50, 0);
  assert(max <= 605_000, `${max}`);
  histogram.clear();
  assertEquals(histogram.summary(), { count: 0, mean: 0, p50: 0, p90: 0, p99: 0, max: 0 });
  assertEquals(histogram.pairs(), []);
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
