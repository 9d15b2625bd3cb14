// @ts-check
/// <reference lib="dom" />
// The locks that are held, with who waits for them; asked for every 5 s while the section is open.

import { askRelease } from "./actions.js";
import { call } from "./api.js";
import { byId, h, setText } from "./dom.js";
import { count, ms } from "./format.js";
import { whileOpen } from "./polled.js";
import { isolatesOf } from "./sums.js";
import { table } from "./table.js";

/** @typedef {import("../../../monitor/fleet_view.ts").FleetView} FleetView */
/** @typedef {import("../../../locks/lock_store.ts").ListedLock} ListedLock */

const PERIOD_MS = 5_000;
const LIMIT = 200;

/** Fills the section; what it returns takes each view. */
export function locksSection() {
  /** @type {Map<string, ListedLock>} */
  let held = new Map();
  const rows = table({
    label: "Locks that are held",
    key: (/** @type {ListedLock} */ lock) => lock.name,
    sortBy: "Waiters",
    empty: "No lock is held.",
    columns: [
      { label: "Lock", text: (l) => l.name, value: (l) => l.name },
      { label: "Holder", text: (l) => l.owner ?? "–", value: (l) => l.owner ?? "" },
      { label: "Waiters", numeric: true, text: (l) => count(l.waiters), value: (l) => l.waiters },
      {
        label: "Left",
        title: "Until it expires, unless it is renewed",
        numeric: true,
        text: (l) => ms(l.remainingMs),
        value: (l) => l.remainingMs,
      },
      { label: "Fence", numeric: true, text: (l) => l.fence ?? "–" },
      {
        label: "Release",
        make: (cell, name) =>
          cell.append(h("button", {
            type: "button",
            class: "small",
            text: "Release…",
            click: () => {
              const lock = held.get(name);
              if (lock) askRelease(lock);
            },
          })),
      },
    ],
  });
  whileOpen(/** @type {HTMLDetailsElement} */ (byId("locks")), {
    rows,
    periodMs: PERIOD_MS,
    load: async () => {
      const { locks } = await call("GET", `v1/locks?limit=${LIMIT}`);
      held = new Map(locks.map((/** @type {ListedLock} */ lock) => [lock.name, lock]));
      return locks;
    },
  });
  return {
    /** @param {FleetView} view */
    update({ processes }) {
      const stats = isolatesOf(processes).map(({ locks }) => locks);
      const sum = (/** @type {"granted" | "refused" | "waiting" | "expired"} */ what) =>
        count(stats.reduce((all, one) => all + one[what], 0));
      setText(
        byId("locks-count"),
        `${sum("waiting")} waiting · ${sum("granted")} granted, ${sum("refused")} refused, ${
          sum("expired")
        } expired`,
      );
    },
  };
}
