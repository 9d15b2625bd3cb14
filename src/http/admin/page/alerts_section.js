// @ts-check
/// <reference lib="dom" />
// What is raised, the worst first, and what was cleared in the last hour.

import { byId, h, set, setText } from "./dom.js";
import { age, clock, some } from "./format.js";
import { glyph } from "./glyph.js";
import { keyed } from "./keyed.js";
import { nodeStatus } from "./node_status.js";

/** @typedef {import("../../../monitor/alert.ts").Alert} Alert */
/** @typedef {import("../../../monitor/fleet_view.ts").FleetView} FleetView */

/** Fills the section; what it returns takes each view. */
export function alertsSection() {
  const list = h("ul", { class: "alerts", role: "list" });
  const well = glyph("ok");
  const said = h("span");
  const calm = h("p", { class: "calm" }, well, said);
  const past = h("ul", { class: "alerts past", role: "list" });
  const summary = h("summary");
  const history = h("details", { class: "cleared" }, summary, past);
  const notice = h("p", { class: "notice", role: "status", hidden: true });
  byId("alerts-body").append(notice, calm, list, history);
  const announced = byId("announce");

  return {
    /** @param {FleetView} view */
    update({ alerts, at, scope, nodes, shards }) {
      const raised = alerts.filter(({ state }) => state === "raised").sort(worstFirst);
      const cleared = alerts.filter(({ state }) => state === "cleared");
      setText(byId("alerts-count"), raised.length > 0 ? `${raised.length} raised` : "");
      set(calm, { hidden: raised.length > 0 });
      const ill = shards.some((shard) => shard.status !== "ok") ||
        nodes.some((node) => nodeStatus(node, at).level !== "ok");
      setText(
        said,
        ill ? "No alert is raised, though not all is well below." : "No alert is raised.",
      );
      set(well, { hidden: ill });
      keyed(list, raised, {
        key: ({ id }) => id,
        make,
        update: (item, alert) => show(item, alert, at),
      });
      keyed(past, cleared, {
        key: ({ id }) => id,
        make,
        update: (item, alert) => show(item, alert, at),
      });
      set(history, { hidden: cleared.length === 0 });
      setText(summary, `${some(cleared.length, "alert")} cleared in the last hour`);
      const alone = scope === "process";
      set(notice, { hidden: !alone });
      setText(
        notice,
        alone ? "Redis is away: this is what the answering process knows by itself." : "",
      );
      return raised;
    },
    /**
     * Says aloud what has just changed.
     *
     * @param {Alert} alert
     */
    announce({ state, severity, summary }) {
      setText(
        announced,
        state === "raised" ? `${severity} alert: ${summary}` : `Cleared: ${summary}`,
      );
    },
  };
}

/** @param {Alert} alert */
function make({ severity, state }) {
  return h(
    "li",
    {},
    glyph(state === "cleared" ? "ok" : severity === "critical" ? "down" : "warn"),
    h("div", {}, h("strong"), h("p", { class: "advice" })),
    h(
      "div",
      { class: "meta" },
      h("b", { class: "severity" }),
      h("span", { class: "since" }),
      h("code"),
    ),
  );
}

/**
 * @param {HTMLElement} item
 * @param {Alert} alert
 * @param {number} now
 */
function show(item, alert, now) {
  const { severity, state, summary, advice, raisedAt, clearedAt, flapping, rule } = alert;
  set(item, { class: `alert ${state === "cleared" ? "cleared" : severity}`, "data-rule": rule });
  const put = (/** @type {string} */ selector, /** @type {string} */ text) => {
    const found = item.querySelector(selector);
    if (found) setText(found, text);
  };
  put("strong", summary);
  put(".advice", state === "cleared" ? "" : advice);
  put(
    ".severity",
    `${state === "cleared" ? "cleared" : severity}${flapping ? ", comes and goes" : ""}`,
  );
  put(
    ".since",
    clearedAt === null
      ? `for ${age(now - raisedAt)}, since ${clock(raisedAt)}`
      : `${clock(raisedAt)} to ${clock(clearedAt)}`,
  );
  put("code", rule);
}

/**
 * @param {Alert} a
 * @param {Alert} b
 */
function worstFirst(a, b) {
  if (a.severity !== b.severity) return a.severity === "critical" ? -1 : 1;
  return b.raisedAt - a.raisedAt;
}
