// @ts-check
/// <reference lib="dom" />
// The connections to each database, of all isolates together.

import { byId, setText } from "./dom.js";
import { count, ms } from "./format.js";
import { share } from "./share.js";
import { sumPools } from "./sums.js";
import { table } from "./table.js";

/** @typedef {import("../../../monitor/fleet_view.ts").FleetView} FleetView */
/** @typedef {import("./sums.js").PoolSum} PoolSum */

/** Fills the section; what it returns takes each view. */
export function poolsSection() {
  const rows = table({
    label: "Connection pools",
    key: (/** @type {PoolSum} */ pool) => pool.name,
    sortBy: "Waiting",
    columns: [
      { label: "Database", text: (p) => p.name, value: (p) => p.name },
      {
        label: "Lent",
        numeric: true,
        show: (cell, p) => share(cell, p.inUse, p.max),
        value: (p) => p.inUse / p.max,
      },
      { label: "Idle", numeric: true, text: (p) => count(p.idle), value: (p) => p.idle },
      {
        label: "Waiting",
        title: "Callers that wait for a connection",
        numeric: true,
        text: (p) => count(p.waiting),
        value: (p) => p.waiting,
        level: (p) => p.waiting > 0 ? "bad" : "",
      },
      {
        label: "Connecting",
        numeric: true,
        text: (p) => count(p.connecting),
        value: (p) => p.connecting,
      },
      {
        label: "Refused",
        title: "Callers, because too many waited; since the start",
        numeric: true,
        text: (p) => count(p.saturated),
        value: (p) => p.saturated,
      },
      {
        label: "Timed out",
        title: "Callers whose wait ended without a connection; since the start",
        numeric: true,
        text: (p) => count(p.timedOut),
        value: (p) => p.timedOut,
      },
      {
        label: "No connection",
        title: "Connects that failed; since the start",
        numeric: true,
        text: (p) => count(p.connectFailures),
        value: (p) => p.connectFailures,
      },
      {
        label: "Mean wait",
        title: "Of callers that waited; since the start",
        numeric: true,
        text: (p) => ms(meanWait(p)),
        value: meanWait,
      },
    ],
  });
  byId("pools-body").append(rows.element);
  return {
    /** @param {FleetView} view */
    update({ processes }) {
      const sums = sumPools(processes);
      rows.update(sums);
      const waiting = sums.reduce((sum, pool) => sum + pool.waiting, 0);
      setText(byId("pools-count"), waiting > 0 ? `${count(waiting)} waiting` : "nobody waits");
    },
  };
}

/** @param {PoolSum} pool */
function meanWait({ waits, waitMsTotal }) {
  return waits > 0 ? waitMsTotal / waits : null;
}
