// @ts-check
/// <reference lib="dom" />
// A chart of the last minutes: lines over time, with the values at the pointer.

import { h, s, set, setText } from "./dom.js";
import { clock } from "./format.js";
import { HISTORY_MS } from "./rates.js";

/**
 * @typedef {{ at: number }} Timed
 */
/**
 * @template {Timed} P
 * @typedef {{ label: string, style: string, value: (point: P) => number | null }} Line
 */

const HEIGHT = 112;
const LEFT = 46;
const TOP = 8;
const BOTTOM = 16;
/** Between two points that are further apart than this share of the chart the line has a gap. */
const GAP = 1 / 40;
const STEPS = [1, 2, 2.5, 5, 10];

/**
 * @template {Timed} P
 * @param {{
 *   title: string, lines: readonly Line<P>[], format: (value: number | null) => string,
 *   note?: (point: P) => string, span?: number, axis?: (value: number) => string,
 * }} options `span`: how far back it goes, in milliseconds
 */
export function chart({ title, lines, format, note, axis = format, span = HISTORY_MS }) {
  const values = lines.map(() => h("b"));
  const legend = lines.map((line, at) =>
    h("span", { class: `legend ${line.style}` }, h("i"), `${line.label} `, values[at])
  );
  const when = h("span", { class: "when" });
  const aside = h("p", { class: "note" });
  const grid = [0, 1, 2].map(() => s("line", { class: "grid" }));
  const labels = [0, 1, 2].map(() => s("text", { class: "axis", "text-anchor": "end" }));
  const times = [0, 1, 2].map(() => s("text", { class: "axis", "text-anchor": "middle" }));
  const area = s("path", { class: "area" });
  const paths = lines.map(({ style }) => s("path", { class: `line ${style}` }));
  const cross = s("line", { class: "cross" });
  const svg = s(
    "svg",
    { class: "chart", height: HEIGHT, role: "img", "aria-label": title },
    ...grid,
    ...labels,
    ...times,
    area,
    ...paths,
    cross,
  );
  const heading = h("h3", { text: title });
  const element = h("figure", {}, h("figcaption", {}, heading, ...legend, when), svg, aside);

  /** @type {readonly P[]} */
  let points = [];
  /** @type {number | null} */
  let pointer = null;
  let width = 0;

  function draw() {
    const last = points.at(-1);
    if (width === 0) return;
    const to = last?.at ?? 0;
    const top = niceTop(
      Math.max(0, ...lines.flatMap(({ value }) => points.map((p) => value(p) ?? 0))),
    );
    const x = (/** @type {number} */ at) => width - (to - at) / span * (width - LEFT) - 2;
    const y = (/** @type {number} */ n) => TOP + (HEIGHT - TOP - BOTTOM) * (1 - n / top);
    set(svg, { viewBox: `0 0 ${width} ${HEIGHT}`, width });
    for (const [at, share] of [0, 0.5, 1].entries()) {
      const level = y(top * share);
      set(/** @type {Element} */ (grid[at]), { x1: LEFT, x2: width, y1: level, y2: level });
      set(/** @type {Element} */ (labels[at]), {
        x: LEFT - 6,
        y: level + 3.5,
        text: share === 0 ? "0" : axis(top * share),
      });
    }
    for (const [at, share] of [0.8, 0.4, 0].entries()) {
      const minutes = span * share / 60_000;
      set(/** @type {Element} */ (times[at]), {
        x: minutes === 0 ? width - 14 : x(to - minutes * 60_000),
        y: HEIGHT - 3,
        text: minutes === 0 ? "now" : `−${minutes} min`,
      });
    }
    for (const [at, { value }] of lines.entries()) {
      const line = pathOf(points, { value, x, y, gap: span * GAP });
      set(/** @type {Element} */ (paths[at]), { d: line.path });
      if (at === 0) set(area, { d: line.area(y(0)) });
    }
    const chosen = pointer === null
      ? last
      : nearest(points, to - (width - 2 - pointer) / (width - LEFT) * span);
    for (const [at, { value }] of lines.entries()) {
      setText(/** @type {Element} */ (values[at]), format(chosen ? value(chosen) : null));
    }
    setText(when, pointer === null || chosen === undefined ? "" : clock(chosen.at));
    setText(aside, chosen && note ? note(chosen) : "");
    const crossing = pointer !== null && chosen !== undefined;
    set(cross, {
      x1: chosen ? x(chosen.at) : 0,
      x2: chosen ? x(chosen.at) : 0,
      y1: TOP,
      y2: HEIGHT - BOTTOM,
      visibility: crossing ? "visible" : "hidden",
    });
    set(svg, {
      "aria-label": `${title}: ` +
        lines.map(({ label, value }) => `${label} ${format(last ? value(last) : null)}`).join(", "),
    });
  }

  svg.addEventListener("pointermove", ({ clientX }) => {
    pointer = clientX - svg.getBoundingClientRect().left;
    draw();
  });
  svg.addEventListener("pointerleave", () => {
    pointer = null;
    draw();
  });
  new ResizeObserver(([entry]) => {
    width = Math.floor(entry?.contentRect.width ?? 0);
    draw();
  }).observe(element);

  return {
    element,
    /** @param {readonly P[]} latest the oldest first */
    update(latest) {
      points = latest;
      draw();
    },
  };
}

/**
 * The line through the points, and what lies below it.
 *
 * @template {Timed} P
 * @param {readonly P[]} points
 * @param {{
 *   value: (point: P) => number | null, x: (at: number) => number, y: (n: number) => number,
 *   gap: number,
 * }} options
 */
function pathOf(points, { value, x, y, gap }) {
  /** @type {{ at: number, x: number, y: number }[][]} */
  const runs = [];
  for (const point of points) {
    const n = value(point);
    if (n === null) continue;
    const run = runs.at(-1);
    const before = run?.at(-1);
    const spot = { at: point.at, x: x(point.at), y: y(n) };
    if (run === undefined || before === undefined || point.at - before.at > gap) runs.push([spot]);
    else run.push(spot);
  }
  const draw = (/** @type {{ x: number, y: number }[]} */ run) =>
    run.map((spot, at) => `${at === 0 ? "M" : "L"}${spot.x.toFixed(1)} ${spot.y.toFixed(1)}`).join(
      "",
    );
  return {
    path: runs.map(draw).join(""),
    area: (/** @type {number} */ floor) =>
      runs.map((run) =>
        `${draw(run)}L${run.at(-1)?.x.toFixed(1)} ${floor}L${run[0]?.x.toFixed(1)} ${floor}Z`
      ).join(""),
  };
}

/**
 * A round number that is not less.
 *
 * @param {number} most
 */
function niceTop(most) {
  if (most <= 0) return 1;
  const unit = 10 ** Math.floor(Math.log10(most));
  return (STEPS.find((step) => step * unit >= most) ?? 10) * unit;
}

/**
 * @template {Timed} P
 * @param {readonly P[]} points
 * @param {number} at
 * @returns {P | undefined}
 */
function nearest(points, at) {
  /** @type {P | undefined} */
  let best;
  for (const point of points) {
    if (best === undefined || Math.abs(point.at - at) < Math.abs(best.at - at)) best = point;
  }
  return best;
}
