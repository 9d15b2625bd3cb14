import type { CacheStats } from "../../cache/cache_manager.ts";
import { familiesOf, type Family, type Subject } from "./family.ts";

const CACHES: Subject<CacheStats> = {
  each: ({ processes }) =>
    processes.flatMap(({ isolates }) => isolates.flatMap(({ caches }) => caches.caches)),
  labels: ["cache"],
  told: ({ name }) => [name],
};

/** What the isolates' caches hold and did, by cache. */
export const CACHE_FAMILIES: readonly Family[] = familiesOf(CACHES, [
  {
    name: "realmgate_cache_hits_total",
    type: "counter",
    help: "Answers from a cache, stale ones among them.",
    value: ({ hits }) => hits,
  },
  {
    name: "realmgate_cache_stale_hits_total",
    type: "counter",
    help: "Answers past their time, or without the lease.",
    value: ({ stale }) => stale,
  },
  {
    name: "realmgate_cache_misses_total",
    type: "counter",
    help: "Reads that found nothing to answer with.",
    value: ({ misses }) => misses,
  },
  {
    name: "realmgate_cache_loads_total",
    type: "counter",
    help: "Queries that were made for misses.",
    value: ({ loads }) => loads,
  },
  {
    name: "realmgate_cache_joined_total",
    type: "counter",
    help: "Misses that waited for another one's query.",
    value: ({ joined }) => joined,
  },
  {
    name: "realmgate_cache_overtaken_total",
    type: "counter",
    help: "Loads that a write overtook: answered, not stored.",
    value: ({ overtaken }) => overtaken,
  },
  {
    name: "realmgate_cache_bypassed_total",
    type: "counter",
    help: "Reads that went to the primary: a write was under way, or there was no lease.",
    value: ({ bypassed }) => bypassed,
  },
  {
    name: "realmgate_cache_evictions_total",
    type: "counter",
    help: "Entries that left, by cause.",
    by: "cause",
    values: ({ evicted }) => ({ ...evicted }),
  },
  {
    name: "realmgate_cache_entries",
    type: "gauge",
    help: "Entries that are kept.",
    value: ({ entries }) => entries,
  },
  {
    name: "realmgate_cache_max_entries",
    type: "gauge",
    help: "Entries that may be kept.",
    value: ({ maxEntries }) => maxEntries,
  },
  {
    name: "realmgate_cache_bytes",
    type: "gauge",
    help: "What the entries take.",
    value: ({ bytes }) => bytes,
  },
  {
    name: "realmgate_cache_max_bytes",
    type: "gauge",
    help: "What they may take.",
    value: ({ maxBytes }) => maxBytes,
  },
]);
