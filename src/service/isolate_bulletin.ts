import type { CacheManager } from "../cache/cache_manager.ts";
import type { Clock } from "../core/clock.ts";
import type { ScopeWatch } from "../core/scope.ts";
import type { DistributedLockManager } from "../locks/distributed_lock_manager.ts";
import type { IsolateBulletin } from "../monitor/database_monitor.ts";
import type { QueryMetrics } from "../monitor/query_metrics.ts";
import type { ConnectionPoolManager } from "../pool/connection_pool_manager.ts";

/** How an isolate does, and what it counted, as its process's main isolate hears it. */
export function isolateBulletin(
  of: {
    readonly name: string;
    readonly startedAt: number;
    readonly clock: Clock;
    readonly watch: ScopeWatch;
    readonly pools: ConnectionPoolManager;
    readonly caches: CacheManager;
    readonly locks: DistributedLockManager;
    readonly metrics: QueryMetrics | undefined;
    /** Whether to tell the latencies of the last minutes. */
    readonly latency: boolean;
  },
): IsolateBulletin {
  return {
    report: {
      name: of.name,
      at: of.clock.wallMs(),
      startedAt: of.startedAt,
      requests: of.watch.size,
      heapBytes: Deno.memoryUsage().heapUsed,
      pools: of.pools.stats(),
      caches: of.caches.stats(),
      locks: of.locks.stats,
    },
    statements: of.metrics?.report(of) ?? [],
    slow: of.metrics?.slowest() ?? [],
  };
}
