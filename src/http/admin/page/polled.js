// @ts-check
/// <reference lib="dom" />
// A part of the page that is asked for only while it is open.

import { h, set, setText } from "./dom.js";
import { Problem } from "./api.js";
import { sentence } from "./ask.js";

/**
 * Calls `load` when `details` is opened, and every `periodMs` while it is; what fails is said in it.
 *
 * @param {HTMLDetailsElement} details
 * @param {{ load: () => Promise<void>, periodMs?: number }} options
 */
export function whileOpen(details, { load, periodMs }) {
  const notice = h("p", { class: "notice", role: "status", hidden: true });
  details.querySelector(".body")?.prepend(notice);
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  let timer;
  let busy = false;

  async function run() {
    clearTimeout(timer);
    if (!details.open || busy) return;
    busy = true;
    let refused = false;
    try {
      await load();
      set(notice, { hidden: true });
    } catch (error) {
      refused = error instanceof Problem && (error.status === 401 || error.status === 403);
      set(notice, { hidden: false });
      setText(notice, sentence(error));
    } finally {
      busy = false;
    }
    if (periodMs !== undefined && !refused) timer = setTimeout(() => void run(), periodMs);
  }

  details.addEventListener("toggle", () => void run());
  return { refresh: () => void run() };
}
