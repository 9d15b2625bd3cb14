// @ts-check
/// <reference lib="dom" />
// The fleet in one line of numbers, each with a mark where it is not well.

import { bucketMs } from "./buckets.js";
import { byId, h, set, setText } from "./dom.js";
import { count, percent, rate, some } from "./format.js";
import { glyph } from "./glyph.js";
import { nodeStatus } from "./node_status.js";
import { sumCaches, sumPools } from "./sums.js";

/** @typedef {import("../../../monitor/fleet_view.ts").FleetView} FleetView */
/** @typedef {import("./rates.js").Point} Point */
/** @typedef {"ok" | "warn" | "down"} Level */
/** @typedef {{ value: string, aside: string, level: Level }} Vital */

/** Errors from this share of the calls on are marked. */
const MANY_ERRORS = 0.01;

/** Fills the strip; what it returns takes each view. */
export function vitals() {
  const cells = [
    "Databases",
    "Shards",
    "Isolates",
    "Redis",
    "Calls",
    "Errors",
    "p99",
    "Pools",
    "Caches",
  ]
    .map((label) => {
      const value = h("b");
      const aside = h("small");
      const marks = { warn: glyph("warn"), down: glyph("down") };
      const element = h(
        "div",
        { class: "vital" },
        h("dt", { text: label }),
        h("dd", {}, marks.warn, marks.down, value, aside),
      );
      return { label, value, aside, marks, element };
    });
  byId("vitals").append(...cells.map(({ element }) => element));
  return {
    /**
     * @param {FleetView} view
     * @param {Point | undefined} point
     */
    update(view, point) {
      const now = read(view, point);
      for (const { label, value, aside, marks, element } of cells) {
        const vital = now[label];
        if (vital === undefined) continue;
        setText(value, vital.value);
        setText(aside, vital.aside);
        set(marks.warn, { hidden: vital.level !== "warn" });
        set(marks.down, { hidden: vital.level !== "down" });
        set(element, { class: `vital ${vital.level}` });
      }
    },
  };
}

/**
 * @param {FleetView} view
 * @param {Point | undefined} point
 * @returns {Record<string, Vital>}
 */
function read({ at, nodes, shards, processes, statements }, point) {
  const levels = nodes.map((node) => nodeStatus(node, at).level);
  const up = nodes.filter((node) => node.up).length;
  const odd = levels.filter((level) => level !== "ok" && level !== "down").length;
  const good = shards.filter(({ status }) => status === "ok").length;
  const alive = processes.filter(({ state }) => state === "alive");
  const silent = processes.filter(({ state }) => state === "silent").length;
  const isolates = alive.reduce((sum, process) => sum + process.isolates.length, 0);
  const redis = alive.filter(({ redisUp }) => redisUp).length;
  const pools = sumPools(processes);
  const [used, max, waiting] = /** @type {const} */ (["inUse", "max", "waiting"])
    .map((what) => pools.reduce((sum, pool) => sum + pool[what], 0));
  const caches = sumCaches(processes);
  const reads = statements.filter(({ kind }) => kind === "read").map(({ recent }) => recent);
  const [calls, cached] = /** @type {const} */ (["calls", "cached"])
    .map((what) => reads.reduce((sum, recent) => sum + recent[what], 0));
  const failing = point !== undefined && point.errors > point.calls * MANY_ERRORS;
  return {
    Databases: {
      value: `${up}/${nodes.length}`,
      aside: odd > 0 ? `up, ${odd} not well` : "up",
      level: up < nodes.length ? "down" : odd > 0 ? "warn" : "ok",
    },
    Shards: {
      value: `${good}/${shards.length}`,
      aside: "take writes",
      level: good < shards.length ? "down" : "ok",
    },
    Isolates: {
      value: count(isolates),
      aside: silent > 0 ? `${silent} silent` : `in ${some(alive.length, "process", "processes")}`,
      level: silent > 0 ? "down" : "ok",
    },
    Redis: {
      value: redis === alive.length ? "up" : "away",
      aside: redis === alive.length ? "for all" : `for ${alive.length - redis} of ${alive.length}`,
      level: redis === alive.length ? "ok" : "down",
    },
    Calls: { value: rate(point?.calls), aside: "a second", level: "ok" },
    Errors: {
      value: rate(point?.errors),
      aside: point?.errors ? `a second, ${percent(point.errors / point.calls)}` : "a second",
      level: failing ? "warn" : "ok",
    },
    p99: {
      value: bucketMs(point?.p99),
      aside: point?.p50 ? `p50 ${bucketMs(point.p50)}` : "",
      level: "ok",
    },
    Pools: {
      value: `${count(used)}/${count(max)}`,
      aside: waiting ? `${count(waiting)} waiting` : "lent",
      level: waiting ? "warn" : "ok",
    },
    Caches: {
      value: percent(calls ? (cached ?? 0) / calls : null),
      aside: caches.held < caches.isolates
        ? `of reads, ${caches.isolates - caches.held} without lease`
        : "of reads",
      level: caches.held < caches.isolates ? "warn" : "ok",
    },
  };
}
