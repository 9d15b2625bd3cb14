// @ts-check
/// <reference lib="dom" />
// Where the time of a statement's calls goes, as a bar of shares with its numbers.

import { h, set, setText } from "./dom.js";
import { ms } from "./format.js";

/** @typedef {import("../../../monitor/statement_metrics.ts").StatementMetrics} StatementMetrics */

const PHASES = /** @type {const} */ (["queue", "execute", "encode"]);

/**
 * Fills a cell with the means of the phases.
 *
 * @param {HTMLElement} cell
 * @param {StatementMetrics["latency"]} latency
 */
export function phaseBar(cell, latency) {
  if (cell.childElementCount === 0) {
    cell.append(
      h(
        "span",
        { class: "phases", "aria-hidden": "true" },
        ...PHASES.map((phase) => h("i", { class: phase })),
      ),
      h("span", { class: "phase-text" }),
    );
  }
  const [bar, text] = [...cell.children];
  const all = PHASES.reduce((sum, phase) => sum + latency[phase].mean, 0);
  PHASES.forEach((phase, at) => {
    const part = bar?.children[at];
    if (part instanceof HTMLElement) {
      part.style.flexGrow = String(all > 0 ? latency[phase].mean / all : 0);
    }
  });
  if (text) setText(text, PHASES.map((phase) => `${phase} ${ms(latency[phase].mean)}`).join(" · "));
  set(cell, { class: "phase-cell" });
}
