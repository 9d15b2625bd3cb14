// @ts-check
/// <reference lib="dom" />
// The shards and their databases as a picture.

import { s, set } from "./dom.js";
import { ms } from "./format.js";
import { keyed } from "./keyed.js";
import { nodeStatus, shardTrouble } from "./node_status.js";
import { layout } from "./topology_layout.js";
import { topologyNode } from "./topology_node.js";

/** @typedef {import("../../../monitor/fleet_view.ts").FleetView} FleetView */
/** @typedef {import("./topology_layout.js").PlacedShard} PlacedShard */
/** @typedef {import("./topology_layout.js").Box} Box */

/**
 * @param {HTMLElement} place
 * @param {{ onOpen: (node: string) => void }} options
 */
export function topologyPicture(place, { onOpen }) {
  const shards = s("g");
  const edges = s("g");
  const nodes = s("g");
  const svg = s(
    "svg",
    { class: "topology", role: "group", "aria-label": "Shards and databases" },
    shards,
    edges,
    nodes,
  );
  place.append(svg);
  /** @type {WeakMap<Element, ReturnType<typeof topologyNode>>} */
  const drawn = new WeakMap();
  /** @type {FleetView | undefined} */
  let view;
  let width = 0;

  function draw() {
    if (view === undefined || width === 0) return;
    const { at: now } = view;
    const placed = layout(view.shards, { nodes: view.nodes, width });
    set(svg, { viewBox: `0 0 ${width} ${placed.height}`, width, height: placed.height });
    keyed(shards, placed.shards, {
      key: ({ shard }) => shard.name,
      make: () =>
        s(
          "g",
          {},
          s("rect", { rx: 8 }),
          s("text", { class: "title" }),
          s("text", { class: "trouble", "text-anchor": "end" }),
          s("rect", { rx: 6, class: "hole" }),
          s("text", { class: "hole-text", "text-anchor": "middle" }),
        ),
      update: drawShard,
    });
    keyed(nodes, placed.shards.flatMap((shard) => shard.nodes), {
      key: ({ node }) => node.node,
      make: ({ node }) => {
        const made = topologyNode(node.node, onOpen);
        drawn.set(made.element, made);
        return made.element;
      },
      update: (element, { node, box }) => drawn.get(element)?.update(node, { box, now }),
    });
    keyed(edges, placed.shards.flatMap(edgesOf), {
      key: ({ to }) => to.node.node,
      make: () => s("g", {}, s("path"), s("text", { "text-anchor": "end" })),
      update: (element, edge) => drawEdge(element, edge, now),
    });
  }

  new ResizeObserver(([entry]) => {
    width = Math.floor(entry?.contentRect.width ?? 0);
    draw();
  }).observe(place);

  return {
    /** @param {FleetView} latest */
    update(latest) {
      view = latest;
      draw();
    },
  };
}

/**
 * @param {Element} element
 * @param {PlacedShard} placed
 */
function drawShard(element, { shard, box, hole }) {
  const [rect, title, trouble, gap, gapText] = [...element.children];
  if (!rect || !title || !trouble || !gap || !gapText) return;
  const wrong = shardTrouble(shard);
  set(element, { class: `shard ${shard.status}`, "data-shard": shard.name });
  set(rect, { x: box.x + 0.5, y: box.y + 0.5, width: box.width - 1, height: box.height - 1 });
  set(title, { x: box.x + 11, y: box.y + 19, text: shard.name });
  set(trouble, { x: box.x + box.width - 11, y: box.y + 19, text: wrong.toUpperCase() });
  const spot = hole ?? { x: 0, y: 0, width: 0, height: 0 };
  set(gap, { ...spot, visibility: hole ? "visible" : "hidden" });
  set(gapText, {
    x: spot.x + spot.width / 2,
    y: spot.y + spot.height / 2 + 4,
    text: hole ? "no primary" : "",
  });
}

/** @typedef {{ from: Box, to: PlacedShard["nodes"][number] }} Edge */

/**
 * Each replica hangs on the primary, or on the place where one should be.
 *
 * @param {PlacedShard} placed
 * @returns {Edge[]}
 */
function edgesOf({ nodes, hole, shard }) {
  const from = nodes.find(({ node }) => node.node === shard.primary)?.box ??
    nodes.find(({ primary }) => primary)?.box ?? hole;
  if (!from) return [];
  return nodes.filter(({ primary }) => !primary).map((to) => ({ from, to }));
}

/**
 * @param {Element} element
 * @param {Edge} edge
 * @param {number} now
 */
function drawEdge(element, { from, to }, now) {
  const [path, text] = [...element.children];
  if (!path || !text) return;
  const { level, word } = nodeStatus(to.node, now);
  const [x1, y1] = [from.x + from.width, from.y + from.height / 2];
  const [x2, y2] = [to.box.x, to.box.y + to.box.height / 2];
  const middle = (x1 + x2) / 2;
  set(element, { class: `edge ${level}` });
  set(path, { d: `M${x1} ${y1}C${middle} ${y1} ${middle} ${y2} ${x2} ${y2}` });
  const broken = level === "down" || word === "Not replicating";
  set(text, { x: x2 - 7, y: y2 > y1 ? y2 + 14 : y2 - 6, text: broken ? "✕" : ms(to.node.lagMs) });
}
