// @ts-check
// Calls that took long, the newest first; parameters by their types, not their values.

import { clock, count, ms } from "./format.js";
import { table } from "./table.js";

/** @typedef {import("../../../monitor/statement_metrics.ts").SlowSample} SlowSample */

/** @param {string} label */
export function slowTable(label) {
  return table({
    label,
    key: (/** @type {SlowSample} */ s) => `${s.at} ${s.statement} ${s.shard} ${s.totalMs}`,
    empty: "No slow call was seen of late.",
    columns: [
      { label: "At", text: (s) => clock(s.at), value: (s) => s.at },
      { label: "Statement", text: (s) => s.statement, value: (s) => s.statement },
      { label: "Shard", text: (s) => s.shard, value: (s) => s.shard },
      { label: "Source", text: (s) => s.source },
      { label: "Total", numeric: true, text: (s) => ms(s.totalMs), value: (s) => s.totalMs },
      { label: "Queue", numeric: true, text: (s) => ms(s.queueMs), value: (s) => s.queueMs },
      { label: "Execute", numeric: true, text: (s) => ms(s.executeMs), value: (s) => s.executeMs },
      { label: "Encode", numeric: true, text: (s) => ms(s.encodeMs), value: (s) => s.encodeMs },
      { label: "Rows", numeric: true, text: (s) => count(s.rows), value: (s) => s.rows },
      {
        label: "Parameters",
        text: (s) => Object.entries(s.params).map(([name, type]) => `${name} ${type}`).join(", "),
      },
      { label: "Plan", text: (s) => s.plan ?? "–" },
    ],
  });
}
