// @ts-check
// What the fleet did of late, out of counters that only grow.

import { addBuckets, percentile } from "./buckets.js";

/** @typedef {import("../../../monitor/fleet_view.ts").FleetView} FleetView */
/** @typedef {import("../../../monitor/statement_metrics.ts").StatementMetrics} StatementMetrics */
/** @typedef {import("../../../monitor/statement_metrics.ts").StatementCounts} StatementCounts */
/**
 * What was counted from one view to the next.
 *
 * @typedef {{
 *   at: number, seconds: number, reads: number, writes: number, errors: number,
 *   codes: Record<string, number>, buckets: number[],
 * }} Delta
 */
/**
 * The fleet at one instant: calls and errors a second over the last 6 s, latencies over the last 15.
 *
 * @typedef {{
 *   at: number, reads: number, writes: number, calls: number, errors: number,
 *   codes: Record<string, number>, p50: number | null, p99: number | null,
 * }} Point
 */

/** How far back the points go. */
export const HISTORY_MS = 300_000;
/** Three times the 2 s in which processes tell of themselves: as many reports are in each window. */
const RATE_MS = 6_000;
const LATENCY_MS = 15_000;
const MAX_POINTS = 600;

/** Keeps the points of the last five minutes, from the first view on. */
export class Rates {
  /** @type {Point[]} */
  points = [];
  /** @type {Delta[]} */
  #deltas = [];
  /** @type {Map<string, StatementCounts>} */
  #before = new Map();
  #at = 0;
  #sources = "";

  /** @param {FleetView} view */
  add(view) {
    const { at, scope, processes, statements } = view;
    // The sums are of other processes than before: what grew did not happen just now.
    const names = processes.flatMap(({ id, isolates }) => isolates.map(({ name }) => id + name));
    const sources = [scope, ...names.sort()].join(" ");
    if (this.#at > 0 && sources === this.#sources && at > this.#at) {
      this.#deltas.push(this.#delta(at, statements));
      this.#deltas = this.#deltas.filter((delta) => delta.at > at - LATENCY_MS);
      this.points.push(this.#point(at));
      this.points = this.points.filter((point) => point.at > at - HISTORY_MS).slice(-MAX_POINTS);
    }
    this.#sources = sources;
    this.#at = at;
    this.#before = new Map(statements.map((metrics) => [keyOf(metrics), metrics.since]));
  }

  /**
   * @param {number} at
   * @param {readonly StatementMetrics[]} statements
   * @returns {Delta}
   */
  #delta(at, statements) {
    const seconds = (at - this.#at) / 1_000;
    /** @type {Delta} */
    const sum = { at, seconds, reads: 0, writes: 0, errors: 0, codes: {}, buckets: [] };
    for (const metrics of statements) {
      const { since, kind } = metrics;
      const old = this.#before.get(keyOf(metrics));
      const calls = grown(since.calls, old?.calls);
      if (kind === "read") sum.reads += calls;
      else sum.writes += calls;
      for (const [code, n] of Object.entries(since.errors)) {
        const more = grown(n, old?.errors[code]);
        sum.errors += more;
        if (more > 0) sum.codes[code] = (sum.codes[code] ?? 0) + more;
      }
      const buckets = since.callBuckets.map((n, bucket) => grown(n, old?.callBuckets[bucket]));
      sum.buckets = addBuckets(sum.buckets, buckets);
    }
    return sum;
  }

  /**
   * @param {number} at
   * @returns {Point}
   */
  #point(at) {
    const recent = this.#deltas.filter((delta) => delta.at > at - RATE_MS);
    const seconds = recent.reduce((sum, delta) => sum + delta.seconds, 0);
    /** @param {"reads" | "writes" | "errors"} what */
    const perSecond = (what) => recent.reduce((sum, delta) => sum + delta[what], 0) / seconds;
    const [reads, writes, errors] = [perSecond("reads"), perSecond("writes"), perSecond("errors")];
    /** @type {Record<string, number>} */
    const codes = {};
    for (const delta of recent) {
      for (const [code, n] of Object.entries(delta.codes)) {
        codes[code] = (codes[code] ?? 0) + n / seconds;
      }
    }
    const buckets = this.#deltas.reduce(
      (sum, delta) => addBuckets(sum, delta.buckets),
      /** @type {number[]} */ ([]),
    );
    const [p50, p99] = [percentile(buckets, 0.5), percentile(buckets, 0.99)];
    return { at, reads, writes, calls: reads + writes, errors, codes, p50, p99 };
  }
}

/** @param {StatementMetrics} metrics */
function keyOf({ statement, shard }) {
  return `${statement} ${shard}`;
}

/**
 * A counter that fell was begun anew by somebody: what it lost is not told by it.
 *
 * @param {number} now
 * @param {number | undefined} before
 */
function grown(now, before = 0) {
  return Math.max(0, now - before);
}
