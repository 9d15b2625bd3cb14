// @ts-check
/// <reference lib="dom" />
// Whether what is shown is true now.

import { markTab } from "./badge.js";
import { byId, set, setText } from "./dom.js";
import { age } from "./format.js";

/** @typedef {import("./event_stream.js").StreamState} StreamState */

/** A view that is older is called so. */
const STALE_MS = 4_000;

/** Keeps the mark in the head of the page, the strip below it and the tab's; `stop` ends that. */
export function linkState() {
  const mark = byId("link-state");
  const text = byId("link-text");
  const strip = byId("stale");
  /** @type {StreamState} */
  let state = { kind: "connecting" };
  let viewAt = 0;

  function draw() {
    const now = Date.now();
    const old = now - viewAt;
    const stale = viewAt > 0 && old > STALE_MS;
    const live = state.kind === "live" && !stale;
    set(mark, { class: live ? "link live" : "link dead" });
    setText(text, live ? "Live" : viewAt === 0 ? "Connecting" : "Not live");
    const next = state.kind === "waiting"
      ? `${state.why}. Trying again in ${age(state.until - now)}.`
      : state.kind === "connecting"
      ? "Connecting…"
      : "The service gives no new view.";
    set(strip, { hidden: live || (viewAt === 0 && state.kind !== "waiting") });
    setText(strip, viewAt === 0 ? next : `Stale: what you see is ${age(old)} old. ${next}`);
    document.body.classList.toggle("stale", stale);
    markTab(live || viewAt === 0);
  }

  const timer = setInterval(draw, 1_000);
  return {
    /** @param {StreamState} latest */
    update(latest) {
      state = latest;
      draw();
    },
    /** A view has come. */
    viewed() {
      viewAt = Date.now();
      draw();
    },
    stop: () => {
      clearInterval(timer);
      set(strip, { hidden: true });
      document.body.classList.remove("stale");
      markTab(true);
    },
  };
}
