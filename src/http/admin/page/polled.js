// @ts-check
/// <reference lib="dom" />
// A part of the page that is asked for only while it is open.

import { h, set, setText } from "./dom.js";
import { Problem } from "./api.js";
import { sentence } from "./ask.js";

/**
 * Fills `rows` with what `load` finds when `details` is opened, and every `periodMs` while it is; what
 * fails is said in their place. Once it is closed, or the key is refused, nothing is shown any more.
 *
 * @template R
 * @param {HTMLDetailsElement} details
 * @param {{
 *   rows: { element: HTMLElement, update: (latest: readonly R[]) => void },
 *   load: () => Promise<readonly R[]>, periodMs: number,
 * }} options
 */
export function whileOpen(details, { rows, load, periodMs }) {
  const notice = h("p", { class: "notice", role: "status", hidden: true });
  details.querySelector(".body")?.append(notice, rows.element);
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  let timer;
  /** What was asked for in an earlier turn may be another session's, and is not shown. */
  let turn = 0;

  function begin() {
    clearTimeout(timer);
    turn++;
    if (details.open) void read(turn);
    else empty();
  }

  /** @param {number} mine */
  async function read(mine) {
    try {
      const latest = await load();
      if (mine !== turn) return;
      rows.update(latest);
      set(rows.element, { hidden: false });
      set(notice, { hidden: true });
    } catch (error) {
      if (mine !== turn) return;
      const refused = error instanceof Problem && (error.status === 401 || error.status === 403);
      if (refused) empty();
      set(notice, { hidden: false });
      setText(notice, sentence(error));
      if (refused) return;
    }
    timer = setTimeout(() => void read(mine), periodMs);
  }

  // Of what was not read nobody may think that there is none.
  function empty() {
    rows.update([]);
    set(rows.element, { hidden: true });
    set(notice, { hidden: true });
  }

  empty();
  details.addEventListener("toggle", begin);
  return { refresh: begin };
}
