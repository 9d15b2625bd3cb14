// @ts-check
/// <reference lib="dom" />
// So much of so much, as a bar with its numbers.

import { h, setText } from "./dom.js";
import { count } from "./format.js";

/**
 * Fills a cell.
 *
 * @param {HTMLElement} cell
 * @param {number} part
 * @param {number} whole
 * @param {(n: number) => string} [format]
 */
export function share(cell, part, whole, format = count) {
  if (cell.childElementCount === 0) {
    cell.append(
      h("span", { class: "share-text" }),
      h("span", { class: "share", "aria-hidden": "true" }, h("i")),
    );
  }
  const [text, bar] = [...cell.children];
  if (text) setText(text, `${format(part)} / ${format(whole)}`);
  const fill = bar?.firstElementChild;
  if (fill instanceof HTMLElement) {
    fill.style.width = `${whole > 0 ? Math.min(100, part / whole * 100) : 0}%`;
  }
}
