// @ts-check
/// <reference lib="dom" />
// One database: all that is known of it, its last hour, and taking it out of routing or back.

import { askDrain } from "./actions.js";
import { chart } from "./chart.js";
import { openDialog } from "./dialog.js";
import { h, set, setText } from "./dom.js";
import { clock, count, ms, percent } from "./format.js";
import { isDrained, nodeStatus } from "./node_status.js";
import { seen } from "./topology_node.js";

/** @typedef {import("../../../monitor/fleet_view.ts").FleetView} FleetView */
/** @typedef {import("../../../monitor/db_health_status.ts").DBHealthStatus} DBHealthStatus */
/** @typedef {import("../../../monitor/db_health_status.ts").HealthPoint} HealthPoint */

const HOUR_MS = 3_600_000;

/**
 * @param {string} name
 * @param {() => void} onClose
 */
export function openNode(name, onClose) {
  const { body, foot, close } = openDialog({ title: name, onClose });
  const state = h("p", { class: "state" });
  const facts = h("dl", { class: "facts" });
  /** @type {Map<string, HTMLElement>} */
  const values = new Map();
  const lag = chart({
    title: "Lag and latency, last hour",
    span: HOUR_MS,
    format: ms,
    lines: [
      { label: "lag", style: "first", value: (/** @type {HealthPoint} */ p) => p.lagMs },
      { label: "latency", style: "second", value: (p) => p.latencyMs },
    ],
  });
  const drain = h("button", {
    type: "button",
    text: "Drain…",
    click: () => askDrain(name, true),
  });
  const back = h("button", {
    type: "button",
    class: "primary",
    text: "Take back…",
    click: () => askDrain(name, false),
  });
  body.append(state, facts, lag.element);
  foot.append(h("button", { type: "button", text: "Close", click: close }), back, drain);
  return {
    /** @param {FleetView} view */
    update({ nodes, at }) {
      const node = nodes.find((one) => one.node === name);
      if (node === undefined) return;
      const { level, word, why } = nodeStatus(node, at);
      setText(state, why ? `${word}: ${why}` : word);
      set(state, { class: `state ${level}` });
      for (const [label, value] of factsOf(node, at)) {
        let shown = values.get(label);
        if (shown === undefined) {
          shown = h("dd");
          values.set(label, shown);
          facts.append(h("div", {}, h("dt", { text: label }), shown));
        }
        setText(shown, value);
        set(/** @type {Element} */ (shown.parentElement), { hidden: value === "–" });
      }
      lag.update(node.history);
      set(drain, { hidden: node.role === "primary" || isDrained(node) });
      set(back, { hidden: !isDrained(node) });
    },
  };
}

/**
 * @param {DBHealthStatus} node
 * @param {number} now
 * @returns {[string, string][]}
 */
function factsOf(node, now) {
  const { role, shard, version, latencyMs, lagMs, connections, semiSync, server } = node;
  const replication = server?.replication;
  return [
    ["Shard", shard],
    ["Role", role],
    ["Version", version ?? "–"],
    ["Seen", seen(node, now)],
    ["Latency", ms(latencyMs)],
    ["Lag", role === "primary" ? "–" : ms(lagMs)],
    ["Connections", connections ? `${count(connections.used)} of ${count(connections.max)}` : "–"],
    ["Threads running", count(server?.threadsRunning)],
    ["Buffer pool hits", percent(server?.bufferPoolHitRate)],
    ["Semi-sync", semiSync === null ? "–" : semiSync ? "active" : "not active"],
    ["Receives", replication ? (replication.receiving ? "yes" : "no") : "–"],
    ["Applies", replication ? (replication.applying ? "yes" : "no") : "–"],
    ["Replication error", replication?.errorNumber ? String(replication.errorNumber) : "–"],
    ["Asked in depth", server ? clock(server.at) : "–"],
  ];
}
