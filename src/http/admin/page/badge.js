// @ts-check
/// <reference lib="dom" />
// The name of the tab, which says how many alerts are raised, and whether that is still so.

/** @typedef {import("../../../monitor/alert.ts").Alert} Alert */

const NOT_LIVE = "Not live · ";

/**
 * Names the tab after what was just seen.
 *
 * @param {readonly Alert[]} raised
 * @param {string} fleet
 */
export function nameTab(raised, fleet) {
  const critical = raised.some(({ severity }) => severity === "critical");
  const mark = raised.length === 0 ? "" : `${critical ? "✕" : "▲"} ${raised.length} · `;
  const title = `${mark}${fleet} · Realmgate`;
  if (document.title !== title) document.title = title;
}

/**
 * Says before the name whether what it tells is old.
 *
 * @param {boolean} live
 */
export function markTab(live) {
  const name = document.title.replace(NOT_LIVE, "");
  const title = live ? name : NOT_LIVE + name;
  if (document.title !== title) document.title = title;
}
