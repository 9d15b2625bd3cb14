// @ts-check
// What isolates have, added up over the fleet.

/** @typedef {import("../../../monitor/fleet_view.ts").ProcessReport} ProcessReport */
/** @typedef {import("../../../pool/connection_pool_stats.ts").ConnectionPoolStats} ConnectionPoolStats */
/** @typedef {import("../../../cache/cache_manager.ts").CacheStats} CacheStats */

/**
 * One database's pools, of all isolates.
 *
 * @typedef {{
 *   name: string, pools: number, max: number, inUse: number, idle: number, connecting: number,
 *   validating: number, waiting: number, lent: number, saturated: number, timedOut: number,
 *   connectFailures: number, waits: number, waitMsTotal: number, waitMsMax: number,
 * }} PoolSum
 */
/**
 * One cache, of all isolates.
 *
 * @typedef {{
 *   name: string, entries: number, maxEntries: number, bytes: number, maxBytes: number,
 *   hits: number, stale: number, misses: number, bypassed: number, writable: boolean, ttlMs: number,
 *   evicted: number, invalidated: number,
 * }} CacheSum
 */

/**
 * The isolates that are heard.
 *
 * @param {readonly ProcessReport[]} processes
 */
export function isolatesOf(processes) {
  return processes.filter(({ state }) => state === "alive").flatMap(({ isolates }) => isolates);
}

/**
 * @param {readonly ProcessReport[]} processes
 * @returns {PoolSum[]}
 */
export function sumPools(processes) {
  /** @type {Map<string, PoolSum>} */
  const sums = new Map();
  for (const pool of isolatesOf(processes).flatMap(({ pools }) => pools)) {
    const { name, totals } = pool;
    const old = sums.get(name);
    sums.set(name, {
      name,
      pools: (old?.pools ?? 0) + 1,
      max: (old?.max ?? 0) + pool.max,
      inUse: (old?.inUse ?? 0) + pool.inUse,
      idle: (old?.idle ?? 0) + pool.idle,
      connecting: (old?.connecting ?? 0) + pool.connecting,
      validating: (old?.validating ?? 0) + pool.validating,
      waiting: (old?.waiting ?? 0) + pool.waiting,
      lent: (old?.lent ?? 0) + totals.lent,
      saturated: (old?.saturated ?? 0) + totals.saturated,
      timedOut: (old?.timedOut ?? 0) + totals.timedOut,
      connectFailures: (old?.connectFailures ?? 0) + totals.connectFailures,
      waits: (old?.waits ?? 0) + totals.waits,
      waitMsTotal: (old?.waitMsTotal ?? 0) + totals.waitMsTotal,
      waitMsMax: Math.max(old?.waitMsMax ?? 0, totals.waitMsMax),
    });
  }
  return [...sums.values()];
}

/**
 * @param {readonly ProcessReport[]} processes
 * @returns {{ isolates: number, held: number, doubts: number, list: CacheSum[] }}
 */
export function sumCaches(processes) {
  const reports = isolatesOf(processes).map(({ caches }) => caches);
  /** @type {Map<string, CacheSum>} */
  const sums = new Map();
  for (const cache of reports.flatMap(({ caches }) => caches)) {
    const { name, writable, ttlMs, evicted } = cache;
    const old = sums.get(name);
    sums.set(name, {
      name,
      writable,
      ttlMs,
      entries: (old?.entries ?? 0) + cache.entries,
      maxEntries: (old?.maxEntries ?? 0) + cache.maxEntries,
      bytes: (old?.bytes ?? 0) + cache.bytes,
      maxBytes: (old?.maxBytes ?? 0) + cache.maxBytes,
      hits: (old?.hits ?? 0) + cache.hits,
      stale: (old?.stale ?? 0) + cache.stale,
      misses: (old?.misses ?? 0) + cache.misses,
      bypassed: (old?.bypassed ?? 0) + cache.bypassed,
      evicted: (old?.evicted ?? 0) + evicted.capacity,
      invalidated: (old?.invalidated ?? 0) + evicted.invalidated,
    });
  }
  return {
    isolates: reports.length,
    held: reports.filter(({ lease }) => lease === "held").length,
    doubts: Math.max(0, ...reports.map(({ doubts }) => doubts)),
    list: [...sums.values()],
  };
}
