// @ts-check
// How a database does, in one word and one sentence.

import { since } from "./format.js";

/** @typedef {import("../../../monitor/db_health_status.ts").DBHealthStatus} DBHealthStatus */
/** @typedef {import("../../../monitor/fleet_view.ts").FleetView} FleetView */
/** @typedef {import("../../../routing/topology.ts").ShardState} ShardState */
/** @typedef {"ok" | "warn" | "out" | "drained" | "down"} NodeLevel */
/** @typedef {{ level: NodeLevel, word: string, why: string }} NodeStatus */

/** Not looked at for so long, a database is not known any more. */
const OLD_MS = 15_000;

/**
 * @param {DBHealthStatus} node
 * @param {number} now Unix milliseconds, by the clock of the view
 * @returns {NodeStatus}
 */
export function nodeStatus(node, now) {
  const { up, ejected, drained, role, semiSync, server, observedAt } = node;
  const by = drained && `by ${drained.by} since ${since(drained.at, now)}`;
  if (!up) {
    const why = by ? `it does not answer; drained ${by}` : ejected ?? "it does not answer";
    return { level: "down", word: "Down", why };
  }
  if (ejected !== null) {
    return by
      ? { level: "drained", word: "Drained", why: by }
      : { level: "out", word: "Ejected", why: ejected };
  }
  const replication = server?.replication;
  if (role === "replica" && replication && !(replication.receiving && replication.applying)) {
    const part = replication.receiving ? "does not apply" : "does not receive";
    const number = replication.errorNumber ? `, error ${replication.errorNumber}` : "";
    return {
      level: "warn",
      word: "Not replicating",
      why: `${part} what its primary writes${number}`,
    };
  }
  if (role === "primary" && semiSync === false) {
    return { level: "warn", word: "No semi-sync", why: "its writes do not wait for a replica" };
  }
  if (observedAt !== null && now - observedAt > OLD_MS) {
    return { level: "warn", word: "Not seen", why: "nobody has looked at it for a while" };
  }
  if (role === "unknown") return { level: "warn", word: "Unknown", why: "its role is not known" };
  return { level: "ok", word: "Up", why: "" };
}

/** @param {DBHealthStatus} node */
export function isDrained({ drained }) {
  return drained !== null;
}

/**
 * How a shard does: its own trouble, in words that stand beside its name; none where there is none.
 *
 * @param {ShardState} shard
 */
export function shardTrouble({ status }) {
  switch (status) {
    case "ok":
      return "";
    case "no_primary":
      return "No primary";
    case "split_brain":
      return "Split brain";
    case "unknown":
      return "Not known yet";
  }
}

/** The marks of the levels: told apart by their shapes, whatever their colours. */
export const GLYPHS = {
  ok: "M3 7.2 6 10.2 11.2 4",
  warn: "M7 2 13 12.5H1Z M7 5.6V8.6 M7 10.2V10.9",
  out: "M2 7H12 M9 3.5 12.5 7 9 10.5",
  drained: "M4.5 3V11 M9.5 3V11",
  down: "M2.5 2.5 11.5 11.5 M11.5 2.5 2.5 11.5",
};
