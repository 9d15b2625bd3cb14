// @ts-check
// The picture of the topology, and the dialog of one database.

import { changesList } from "./changes.js";
import { byId, setText } from "./dom.js";
import { some } from "./format.js";
import { openNode } from "./node_dialog.js";
import { nodeStatus } from "./node_status.js";
import { topologyPicture } from "./topology_picture.js";

/** @typedef {import("../../../monitor/fleet_view.ts").FleetView} FleetView */

/** Fills the section; what it returns takes each view. */
export function topologySection() {
  /** @type {FleetView | undefined} */
  let latest;
  /** @type {((view: FleetView) => void) | undefined} */
  let opened;
  const picture = topologyPicture(byId("topology-picture"), {
    onOpen: (name) => {
      const dialog = openNode(name, () => opened = undefined);
      opened = dialog.update;
      if (latest) dialog.update(latest);
    },
  });
  const changes = changesList();
  return {
    /** @param {FleetView} view */
    update(view) {
      latest = view;
      picture.update(view);
      changes.update(view);
      opened?.(view);
      const ill = view.nodes.filter((node) => nodeStatus(node, view.at).level !== "ok").length;
      const all = some(view.nodes.length, "database");
      setText(byId("topology-count"), ill === 0 ? `${all}, all well` : `${ill} of ${all} not well`);
    },
  };
}
