// @ts-check
/// <reference lib="dom" />
// What changed in the topology while this page was open, the newest first.

import { byId, h, setText } from "./dom.js";
import { clock } from "./format.js";
import { keyed } from "./keyed.js";
import { nodeStatus, shardTrouble } from "./node_status.js";

/** @typedef {import("../../../monitor/fleet_view.ts").FleetView} FleetView */
/** @typedef {{ id: number, at: number, what: string, how: string }} Change */

const KEPT = 30;
const SHOWN = 6;

/** Fills the list; what it returns takes each view. */
export function changesList() {
  const list = h("ol", { class: "changes", "aria-label": "Changes of the topology" });
  const empty = h("p", { class: "empty", text: "None since this page was opened." });
  const news = h("div", { class: "news" }, h("h3", { text: "Changes" }), list, empty);
  byId("topology-body").append(news);
  /** @type {Map<string, string> | undefined} */
  let before;
  /** @type {Change[]} */
  let changes = [];
  let ids = 0;
  return {
    /** @param {FleetView} view */
    update(view) {
      const now = statesOf(view);
      if (before !== undefined) {
        for (const [what, state] of now) {
          const old = before.get(what) ?? "unknown";
          if (old !== state) {
            changes.unshift({ id: ++ids, at: view.at, what, how: `${old} → ${state}` });
          }
        }
        changes = changes.slice(0, KEPT);
      }
      before = now;
      empty.hidden = changes.length > 0;
      keyed(list, changes.slice(0, SHOWN), {
        key: ({ id }) => String(id),
        make: () => h("li", {}, h("time"), h("b"), h("span")),
        update: (item, { at, what, how }) => {
          const [time, name, text] = [...item.children];
          if (time) setText(time, clock(at));
          if (name) setText(name, what);
          if (text) setText(text, how);
        },
      });
    },
  };
}

/** @param {FleetView} view */
function statesOf({ nodes, shards, at }) {
  return new Map([
    ...shards.map((shard) => /** @type {const} */ ([
      `shard ${shard.name}`,
      shardTrouble(shard).toLowerCase() || `primary ${shard.primary}`,
    ])),
    ...nodes.map((
      node,
    ) => /** @type {const} */ ([node.node, nodeStatus(node, at).word.toLowerCase()])),
  ]);
}
