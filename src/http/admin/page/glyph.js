// @ts-check
/// <reference lib="dom" />
// A level's mark, to stand before words that say the same.

import { s } from "./dom.js";
import { GLYPHS } from "./node_status.js";

/**
 * @param {keyof typeof GLYPHS} level
 * @returns {SVGSVGElement}
 */
export function glyph(level) {
  return s(
    "svg",
    { class: `mark ${level}`, viewBox: "0 0 14 14", width: 14, height: 14, "aria-hidden": "true" },
    s("path", { d: GLYPHS[level] }),
  );
}
