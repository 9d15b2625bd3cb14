import type { CacheManager } from "../cache/cache_manager.ts";
import type { Clock } from "../core/clock.ts";
import type { ScopeWatch } from "../core/scope.ts";
import type { DistributedLockManager } from "../locks/distributed_lock_manager.ts";
import type { DBHealthStatus } from "../monitor/db_health_status.ts";
import type { FleetView, IsolateReport } from "../monitor/fleet_view.ts";
import type { MonitorSource } from "../monitor/monitor_source.ts";
import type { ConnectionPoolManager } from "../pool/connection_pool_manager.ts";
import type { NodeState } from "../routing/topology.ts";
import type { TopologyView } from "../routing/topology_view.ts";
import type { Status } from "./messages.ts";
import { VERSION } from "./version.ts";

/** What the view is made of; the isolate owns all of it. */
export interface IsolateSourceParts {
  readonly fleet: string;
  readonly view: TopologyView;
  readonly pools: ConnectionPoolManager;
  readonly caches: CacheManager;
  readonly locks: DistributedLockManager;
  readonly watch: ScopeWatch;
  readonly status: () => Status;
  readonly clock: Clock;
}

/** What one isolate knows by itself: the databases as it sees them, and what it holds. */
export function isolateSource(parts: IsolateSourceParts): MonitorSource {
  const startedAt = parts.clock.wallMs();
  const own = () => Promise.resolve(viewOf(parts, startedAt));
  return { own, fleet: own };
}

function viewOf(parts: IsolateSourceParts, startedAt: number): FleetView {
  const at = parts.clock.wallMs();
  const { shards } = parts.view.snapshot();
  const { rss, heapUsed } = Deno.memoryUsage();
  const isolate: IsolateReport = {
    name: "isolate",
    at,
    startedAt,
    requests: parts.watch.size,
    heapBytes: heapUsed,
    pools: parts.pools.stats(),
    caches: parts.caches.stats(),
    locks: parts.locks.stats,
  };
  return {
    at,
    fleet: parts.fleet,
    scope: "process",
    processes: [{
      id: String(Deno.pid),
      host: "",
      pid: Deno.pid,
      version: VERSION,
      startedAt,
      at,
      state: "alive",
      onDuty: false,
      redisUp: parts.status().redisUp,
      rssBytes: rss,
      isolates: [isolate],
    }],
    shards,
    nodes: shards.flatMap(({ name, nodes }) => nodes.map((node) => nodeHealth(name, node))),
    statements: [],
    slow: [],
    alerts: [],
  };
}

function nodeHealth(shard: string, node: NodeState): DBHealthStatus {
  return {
    node: node.name,
    shard,
    role: node.role,
    up: node.up,
    ejected: node.ejected ?? null,
    version: node.version ?? null,
    latencyMs: node.probeMs ?? null,
    lagMs: node.lagMs ?? null,
    semiSync: node.semiSync ?? null,
    observedAt: node.observedAt ?? null,
    connections: node.connections ?? null,
    server: null,
    history: [],
  };
}
