// @ts-check
/// <reference lib="dom" />
// One statement: where its time goes on each shard, its errors, its plans, its slow calls.

import { call } from "./api.js";
import { sentence } from "./ask.js";
import { openDialog } from "./dialog.js";
import { h, setText } from "./dom.js";
import { count, ms, rate } from "./format.js";
import { phaseBar } from "./phase_bar.js";
import { planTree } from "./plan_tree.js";
import { slowTable } from "./slow_table.js";
import { failures } from "./statement_rows.js";
import { table } from "./table.js";

/** @typedef {import("../../../monitor/fleet_view.ts").FleetView} FleetView */
/** @typedef {import("../../../monitor/statement_metrics.ts").StatementMetrics} StatementMetrics */
/** @typedef {import("./plan_tree.js").Plan} Plan */
/**
 * @typedef {{
 *   description: string, shard: string, available: boolean, unavailable?: string,
 *   warnings: string[], file?: string, sql?: string, plans?: Plan[],
 * }} Registered
 */

/**
 * @param {string} name
 * @param {() => void} onClose
 */
export function openStatement(name, onClose) {
  const { body } = openDialog({ title: name, wide: true, onClose });
  const about = h("p", { class: "about" });
  const shards = table({
    label: `${name} by shard`,
    key: (/** @type {StatementMetrics} */ m) => m.shard,
    sortBy: "p99",
    empty: "No call was counted yet.",
    columns: [
      { label: "Shard", text: (m) => m.shard, value: (m) => m.shard },
      {
        label: "Calls/s",
        numeric: true,
        text: (m) => rate(m.recent.calls / Math.max(1, m.recent.seconds)),
        value: (m) => m.recent.calls,
      },
      { label: "Where the time goes", show: (cell, m) => phaseBar(cell, m.latency) },
      {
        label: "p50",
        numeric: true,
        text: (m) => ms(m.latency.total.p50),
        value: (m) => m.latency.total.p50,
      },
      {
        label: "p90",
        numeric: true,
        text: (m) => ms(m.latency.total.p90),
        value: (m) => m.latency.total.p90,
      },
      {
        label: "p99",
        numeric: true,
        text: (m) => ms(m.latency.total.p99),
        value: (m) => m.latency.total.p99,
      },
      {
        label: "Max",
        numeric: true,
        text: (m) => ms(m.latency.total.max),
        value: (m) => m.latency.total.max,
      },
      {
        label: "Calls",
        numeric: true,
        text: (m) => count(m.since.calls),
        value: (m) => m.since.calls,
      },
      {
        label: "Errors",
        numeric: true,
        text: (m) => count(failures(m.since.errors)),
        value: (m) => failures(m.since.errors),
        level: (m) => failures(m.recent.errors) > 0 ? "bad" : "",
      },
    ],
  });
  const slow = slowTable(`Slow calls of ${name}`);
  const errors = h("p", { class: "about" });
  const registered = h(
    "div",
    { class: "registered" },
    h("p", { class: "empty", text: "Reading…" }),
  );
  body.append(
    about,
    h("h3", { text: "Latency, last five minutes" }),
    shards.element,
    errors,
    h("h3", { text: "Plan" }),
    registered,
    h("h3", { text: "Slow calls" }),
    slow.element,
  );
  void register(name, { about, registered });
  return {
    /** @param {FleetView} view */
    update(view) {
      const metrics = view.statements.filter(({ statement }) => statement === name);
      shards.update(metrics);
      setText(errors, errorText(metrics));
      slow.update(view.slow.filter(({ statement }) => statement === name));
    },
  };
}

/**
 * @param {string} name
 * @param {{ about: HTMLElement, registered: HTMLElement }} places
 */
async function register(name, { about, registered }) {
  try {
    /** @type {Registered} */
    const { description, shard, unavailable, warnings, file, sql, plans } = await call(
      "GET",
      `v1/statements/${encodeURIComponent(name)}`,
    );
    setText(
      about,
      [description, `Shard: ${shard}.`, file ? `${file}.` : ""].filter((text) => text).join(" "),
    );
    const texts = [...(unavailable ? [`It cannot run: ${unavailable}`] : []), ...warnings];
    const notes = texts.map((text) => h("p", { class: "notice", text }));
    if (plans === undefined) {
      registered.replaceChildren(
        ...notes,
        h("p", { class: "empty", text: "SQL and plans are for keys with the scope admin." }),
      );
      return;
    }
    const none = h("p", { class: "empty", text: "No plan is known yet." });
    registered.replaceChildren(
      ...notes,
      ...(plans.length === 0 ? [none] : plans.map(planTree)),
      h("pre", { class: "sql", tabindex: 0, "aria-label": "SQL" }, h("code", { text: sql ?? "" })),
    );
  } catch (error) {
    registered.replaceChildren(h("p", { class: "notice", text: sentence(error) }));
  }
}

/**
 * What calls failed with, the most frequent first.
 *
 * @param {readonly StatementMetrics[]} metrics
 */
function errorText(metrics) {
  /** @type {Record<string, number>} */
  const codes = {};
  for (const [code, n] of metrics.flatMap(({ since }) => Object.entries(since.errors))) {
    codes[code] = (codes[code] ?? 0) + n;
  }
  const worst = Object.entries(codes).filter(([, n]) => n > 0).sort(([, a], [, b]) => b - a);
  if (worst.length === 0) return "";
  return `Failed with ${worst.map(([code, n]) => `${code} ${count(n)}`).join(", ")}.`;
}
