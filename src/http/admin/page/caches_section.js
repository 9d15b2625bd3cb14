// @ts-check
/// <reference lib="dom" />
// The caches, of all isolates together.

import { askInvalidate } from "./actions.js";
import { byId, h, setText } from "./dom.js";
import { age, bytes, count, percent, some } from "./format.js";
import { share } from "./share.js";
import { sumCaches } from "./sums.js";
import { table } from "./table.js";

/** @typedef {import("../../../monitor/fleet_view.ts").FleetView} FleetView */
/** @typedef {import("./sums.js").CacheSum} CacheSum */

/** Fills the section; what it returns takes each view. */
export function cachesSection() {
  const rows = table({
    label: "Caches",
    key: (/** @type {CacheSum} */ cache) => cache.name,
    sortBy: "Answers",
    empty: "No cache is declared.",
    columns: [
      { label: "Cache", text: (c) => c.name, value: (c) => c.name },
      {
        label: "Hits",
        title: "Of all that it was asked; since the start",
        numeric: true,
        text: (c) => percent(hitShare(c)),
        value: hitShare,
      },
      {
        label: "Answers",
        title: "Since the start",
        numeric: true,
        text: (c) => count(c.hits),
        value: (c) => c.hits,
      },
      {
        label: "Stale",
        title: "Answers past their time, or without the lease; since the start",
        numeric: true,
        text: (c) => count(c.stale),
        value: (c) => c.stale,
      },
      {
        label: "Past it",
        title: "Reads that went to the primary, for a write under way or no lease; since the start",
        numeric: true,
        text: (c) => count(c.bypassed),
        value: (c) => c.bypassed,
      },
      {
        label: "Entries",
        numeric: true,
        show: (cell, c) => share(cell, c.entries, c.maxEntries),
        value: (c) => c.entries,
      },
      {
        label: "Memory",
        numeric: true,
        show: (cell, c) => share(cell, c.bytes, c.maxBytes, bytes),
        value: (c) => c.bytes,
      },
      {
        label: "Crowded out",
        title: "Entries that left because it was full; since the start",
        numeric: true,
        text: (c) => count(c.evicted),
        value: (c) => c.evicted,
      },
      {
        label: "Dropped",
        title: "By a write or a call; since the start",
        numeric: true,
        text: (c) => count(c.invalidated),
        value: (c) => c.invalidated,
      },
      {
        label: "Time",
        title: "How long an entry is fresh",
        numeric: true,
        text: (c) => age(c.ttlMs),
      },
      {
        label: "Drop",
        make: (cell, name) =>
          cell.append(
            h("button", {
              type: "button",
              class: "small",
              text: "Drop a tag…",
              click: () => askInvalidate(name),
            }),
          ),
      },
    ],
  });
  byId("caches-body").append(rows.element);
  return {
    /** @param {FleetView} view */
    update({ processes }) {
      const { list, held, isolates, doubts } = sumCaches(processes);
      rows.update(list);
      const lease = held === isolates
        ? `all ${some(isolates, "isolate")} may answer`
        : `${isolates - held} of ${some(isolates, "isolate")} without lease`;
      setText(
        byId("caches-count"),
        doubts > 0 ? `${lease}, ${some(doubts, "write")} under way` : lease,
      );
    },
  };
}

/** @param {CacheSum} cache */
function hitShare({ hits, misses, bypassed }) {
  const all = hits + misses + bypassed;
  return all > 0 ? hits / all : null;
}
