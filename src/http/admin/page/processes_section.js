// @ts-check
/// <reference lib="dom" />
// The processes of the fleet, and their isolates.

import { byId, setText } from "./dom.js";
import { age, bytes, count, some } from "./format.js";
import { table } from "./table.js";

/** @typedef {import("../../../monitor/fleet_view.ts").FleetView} FleetView */
/** @typedef {import("../../../monitor/fleet_view.ts").ProcessReport} ProcessReport */
/** @typedef {import("../../../monitor/fleet_view.ts").IsolateReport} IsolateReport */
/**
 * A process, or an isolate below it.
 *
 * @typedef {{
 *   key: string, process: ProcessReport, isolate: IsolateReport | null, now: number,
 * }} Row
 */

/** An isolate that its process did not hear for so long is marked. */
const SILENT_MS = 5_000;

/** Fills the section; what it returns takes each view. */
export function processesSection() {
  const rows = table({
    label: "Processes and isolates",
    key: (/** @type {Row} */ row) => row.key,
    level: (row) => `${row.isolate ? "child" : "parent"} ${isQuiet(row) ? "bad" : ""}`,
    columns: [
      {
        label: "Process",
        text: ({ process, isolate }) =>
          isolate ? isolate.name : `${process.host || "process"} ${process.pid}`,
      },
      { label: "State", text: state, level: (row) => isQuiet(row) ? "bad" : "" },
      {
        label: "Heard",
        title: "An isolate: by its process, when that spoke last",
        numeric: true,
        text: heard,
      },
      {
        label: "Up for",
        numeric: true,
        text: ({ process, isolate }) => age(process.at - (isolate ?? process).startedAt),
      },
      {
        label: "Under way",
        title: "Requests",
        numeric: true,
        text: ({ process, isolate }) =>
          count(
            isolate
              ? isolate.requests
              : process.isolates.reduce((sum, one) => sum + one.requests, 0),
          ),
      },
      {
        label: "Memory",
        title: "A process's resident memory, an isolate's heap",
        numeric: true,
        text: ({ process, isolate }) => bytes(isolate ? isolate.heapBytes : process.rssBytes),
      },
      {
        label: "Redis",
        text: ({ process, isolate }) => isolate ? "" : process.redisUp ? "up" : "away",
        level: ({ process, isolate }) => isolate || process.redisUp ? "" : "bad",
      },
      {
        label: "Lease",
        text: ({ isolate }) => isolate ? isolate.caches.lease : "",
        level: ({ isolate }) => isolate?.caches.lease === "lost" ? "bad" : "",
      },
      { label: "Version", text: ({ process, isolate }) => isolate ? "" : process.version },
      { label: "Id", text: ({ process, isolate }) => isolate ? "" : process.id },
    ],
  });
  byId("processes-body").append(rows.element);
  return {
    /** @param {FleetView} view */
    update({ processes, at: now }) {
      rows.update(processes.flatMap((process) => [
        { key: process.id, process, isolate: null, now },
        ...process.isolates.map((isolate) => ({
          key: `${process.id} ${isolate.name}`,
          process,
          isolate,
          now,
        })),
      ]));
      setText(byId("processes-count"), some(processes.length, "process", "processes"));
    },
  };
}

/**
 * Of an isolate by the clock of its own machine: another's may be minutes away from it.
 *
 * @param {Row} row
 */
function isQuiet({ process, isolate }) {
  if (isolate === null) return process.state === "silent";
  return process.state === "alive" && process.at - isolate.at > SILENT_MS;
}

/**
 * The service knows who is alive by one clock. Since when another is not can be told only as well as
 * their clocks agree.
 *
 * @param {Row} row
 */
function heard({ process, isolate, now }) {
  if (isolate !== null) return `${age(process.at - isolate.at)} ago`;
  return process.state === "alive" ? "just now" : `${age(now - process.at)} ago`;
}

/** @param {Row} row */
function state(row) {
  const { process, isolate } = row;
  if (isolate !== null) return isQuiet(row) ? "silent" : "";
  return process.onDuty ? `${process.state}, on duty` : process.state;
}
