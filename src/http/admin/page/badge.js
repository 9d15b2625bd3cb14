// @ts-check
/// <reference lib="dom" />
// The name of the tab, which says how many alerts are raised.

/** @typedef {import("../../../monitor/alert.ts").Alert} Alert */

/**
 * @param {readonly Alert[]} raised
 * @param {string} fleet
 */
export function nameTab(raised, fleet) {
  const critical = raised.some(({ severity }) => severity === "critical");
  const mark = raised.length === 0 ? "" : `${critical ? "✕" : "▲"} ${raised.length} · `;
  const title = `${mark}${fleet} · Realmgate`;
  if (document.title !== title) document.title = title;
}
