// @ts-check
// Throughput, errors and latencies over the last minutes.

import { bucketMs } from "./buckets.js";
import { chart } from "./chart.js";
import { byId } from "./dom.js";
import { ms, percent, rate } from "./format.js";
import { Rates } from "./rates.js";

/** @typedef {import("../../../monitor/fleet_view.ts").FleetView} FleetView */
/** @typedef {import("./rates.js").Point} Point */

/** Codes of errors that are named. */
const NAMED = 3;

/** Fills the section; what it returns takes each view. */
export function chartsSection() {
  const rates = new Rates();
  const charts = [
    chart({
      title: "Calls",
      axis: rate,
      format: (n) => `${rate(n)}/s`,
      lines: [
        { label: "reads", style: "first", value: (/** @type {Point} */ p) => p.reads },
        { label: "writes", style: "second", value: (p) => p.writes },
      ],
    }),
    chart({
      title: "Errors",
      axis: rate,
      format: (n) => `${rate(n)}/s`,
      lines: [{ label: "all", style: "bad", value: (/** @type {Point} */ p) => p.errors }],
      note: errorNote,
    }),
    chart({
      title: "Latency",
      axis: ms,
      format: bucketMs,
      lines: [
        { label: "p99", style: "first", value: (/** @type {Point} */ p) => p.p99 },
        { label: "p50", style: "second", value: (p) => p.p50 },
      ],
    }),
  ];
  byId("charts-body").append(...charts.map(({ element }) => element));
  return {
    /**
     * @param {FleetView} view
     * @returns {Point | undefined} the fleet as it is now
     */
    update(view) {
      rates.add(view);
      for (const { update } of charts) update(rates.points);
      return rates.points.at(-1);
    },
  };
}

/** @param {Point} point */
function errorNote({ errors, calls, codes }) {
  if (errors === 0) return "No call fails.";
  const worst = Object.entries(codes).sort(([, a], [, b]) => b - a).slice(0, NAMED)
    .map(([code, n]) => `${code} ${rate(n)}/s`);
  return `${percent(errors / calls)} of calls: ${worst.join(", ")}`;
}
