// @ts-check
/// <reference lib="dom" />
// A database in the picture: what it is, how it does, and its last hour.

import { s, set } from "./dom.js";
import { age, count, ms } from "./format.js";
import { GLYPHS, nodeStatus } from "./node_status.js";

/** @typedef {import("../../../monitor/db_health_status.ts").DBHealthStatus} DBHealthStatus */
/** @typedef {import("./topology_layout.js").Box} Box */
/** @typedef {import("./node_status.js").NodeStatus} NodeStatus */

const FLASH = [{ opacity: 1 }, { opacity: 0.25 }];
const still = matchMedia("(prefers-reduced-motion: reduce)");

/**
 * @param {string} name
 * @param {(name: string) => void} onOpen
 */
export function topologyNode(name, onOpen) {
  const frame = s("rect", { class: "frame", rx: 6 });
  const focus = s("rect", { class: "focus", rx: 8 });
  const glyph = s("path", { class: "glyph" });
  const title = s("text", { class: "name", text: name });
  const role = s("text", { class: "role", "text-anchor": "end" });
  const first = s("text", { class: "fact" });
  const second = s("text", { class: "fact soft" });
  const beat = s("circle", { class: "beat", r: 2.5 });
  const past = s("path", { class: "past" });
  const gone = s("path", { class: "past gone" });
  const tip = s("title");
  const parts = [tip, frame, focus, past, gone, glyph, title, role, first, second, beat];
  const element = s("g", { tabindex: 0, role: "button" }, ...parts);
  element.addEventListener("click", () => onOpen(name));
  element.addEventListener("keydown", (event) => {
    if (event.key !== "Enter" && event.key !== " ") return;
    event.preventDefault();
    onOpen(name);
  });
  /** @type {number | null} */
  let seenAt = null;

  return {
    element,
    /**
     * @param {DBHealthStatus} node
     * @param {{ box: Box, now: number }} options
     */
    update(node, { box, now }) {
      const status = nodeStatus(node, now);
      const { x, y, width, height } = box;
      const [one, two] = facts(node, status);
      const room = Math.floor((width - 18) / 6.7);
      set(element, {
        class: `node ${status.level}`,
        "data-node": name,
        "data-level": status.level,
        "aria-label": [name, node.role, status.word, status.why || one.join()].join(", "),
      });
      set(tip, { text: status.why ? `${name}: ${status.why}` : name });
      set(frame, { x, y, width, height });
      set(focus, { x: x - 3, y: y - 3, width: width + 6, height: height + 6 });
      set(glyph, { d: GLYPHS[status.level], transform: `translate(${x + 8} ${y + 8})` });
      set(title, { x: x + 27, y: y + 19 });
      set(role, { x: x + width - 9, y: y + 18.5, text: node.role });
      set(first, { x: x + 9, y: y + 37, text: fit(one, room) });
      set(second, { x: x + 9, y: y + 52, text: fit(two, room) });
      set(beat, { cx: x + width - 9, cy: y + height - 9 });
      const strip = history(node, box);
      set(past, { d: strip.up });
      set(gone, { d: strip.down });
      if (node.observedAt !== seenAt && seenAt !== null && !still.matches) {
        beat.animate(FLASH, { duration: 800 });
      }
      seenAt = node.observedAt;
    },
  };
}

/**
 * The two lines below the name, each of parts of which the later ones may be left out; of trouble
 * first its word and its cause.
 *
 * @param {DBHealthStatus} node
 * @param {NodeStatus} status
 * @returns {[string[], string[]]}
 */
function facts({ latencyMs, connections, lagMs, role, semiSync, server }, { word, why, level }) {
  if (level !== "ok") return [[word.toUpperCase()], [why]];
  const busy = server?.threadsRunning ?? null;
  const followed = role === "primary"
    ? semiSync ? "semi-sync" : "async"
    : lagMs === null
    ? "lag unknown"
    : `lag ${ms(lagMs)}`;
  return [
    [
      ms(latencyMs),
      ...(connections ? [`${count(connections.used)}/${count(connections.max)} connections`] : []),
    ],
    [followed, ...(busy === null ? [] : [`${busy} running`])],
  ];
}

/**
 * The last hour along the lower edge: a low mark for a minute up, a high one for a minute down.
 *
 * @param {DBHealthStatus} node
 * @param {Box} box
 */
function history({ history: points }, { x, y, width, height }) {
  const step = (width - 2 * 9 - 12) / 60;
  const floor = y + height - 5;
  let [up, down] = ["", ""];
  for (const [at, point] of points.slice(-60).entries()) {
    const left = x + 9 + (60 - Math.min(60, points.length) + at) * step;
    if (point.up) up += `M${left.toFixed(1)} ${floor}h${(step * 0.7).toFixed(1)}`;
    else down += `M${(left + step / 2).toFixed(1)} ${floor}v-6`;
  }
  return { up, down };
}

/**
 * As many of the parts as there is room for; the first is cut where even that is too long.
 *
 * @param {readonly string[]} parts
 * @param {number} room in characters
 */
function fit([first = "", ...rest], room) {
  if (first.length > room) return `${first.slice(0, Math.max(1, room - 1))}…`;
  let text = first;
  for (const part of rest) if (text.length + part.length + 3 <= room) text += ` · ${part}`;
  return text;
}

/**
 * How long ago a database was looked at.
 *
 * @param {DBHealthStatus} node
 * @param {number} now
 */
export function seen({ observedAt }, now) {
  return observedAt === null ? "never" : `${age(now - observedAt)} ago`;
}
