// @ts-check
/// <reference lib="dom" />
// How shards run a statement, as a tree.

import { h } from "./dom.js";
import { count } from "./format.js";

/** @typedef {import("../../../query/plan_node.ts").PlanNode} PlanNode */
/** @typedef {{ shards: string[], fingerprint: string, summary?: string, plan: PlanNode }} Plan */

/** @param {Plan} plan */
export function planTree({ shards, fingerprint, summary, plan }) {
  return h(
    "div",
    { class: "plan" },
    h(
      "p",
      {},
      h("b", { text: summary ?? "no table is read" }),
      ` on ${shards.join(", ")} `,
      h("code", { text: fingerprint }),
    ),
    h("ul", { class: "tree" }, branch(plan)),
  );
}

/**
 * @param {PlanNode} node
 * @returns {HTMLLIElement}
 */
function branch({ operation, table, access, key, keyParts, rows, extra = [], children }) {
  const how = access === undefined ? "" : access === "ALL" ? "full scan" : access;
  const by = key === undefined ? "" : `by ${key}${keyParts ? ` (${keyParts.join(", ")})` : ""}`;
  const many = rows === undefined ? "" : `${count(rows)} ${rows === 1 ? "row" : "rows"}`;
  const facts = [[how, by].filter((text) => text).join(" "), many, ...extra].filter((text) => text);
  return h(
    "li",
    { class: access === "ALL" ? "scan" : null },
    h("b", { text: [operation, table].filter((text) => text).join(" ") }),
    facts.length > 0 ? ` · ${facts.join(" · ")}` : null,
    children.length > 0 ? h("ul", {}, ...children.map(branch)) : null,
  );
}
