import type { Clock } from "../core/clock.ts";
import type { Log } from "../core/log.ts";
import type { ScopeWatch } from "../core/scope.ts";
import type { Tracing } from "../core/telemetry.ts";
import type { DistributedLockManager } from "../locks/distributed_lock_manager.ts";
import type { AuditLog } from "../monitor/audit_log.ts";
import type { CacheManager } from "../cache/cache_manager.ts";
import type { KeptValues } from "../cache/kept_values.ts";
import type { MonitorSource } from "../monitor/monitor_source.ts";
import type { QueryMetrics } from "../monitor/query_metrics.ts";
import type { PartitionManager } from "../partitions/partition_manager.ts";
import type { CachedReads } from "../query/cached_reads.ts";
import type { Executor } from "../query/executor.ts";
import type { IdSource } from "../query/id_source.ts";
import type { PartitionRoutes } from "../query/partition_routes.ts";
import type { QueryOptimizer } from "../query/query_optimizer.ts";
import type { ScatterReads } from "../query/scatter/scatter_reads.ts";
import type { DrainStore } from "../routing/drain_store.ts";
import type { ReadReplicaManager } from "../routing/read_replica_manager.ts";
import type { ShardManager } from "../routing/shard_manager.ts";
import type { TopologyView } from "../routing/topology_view.ts";
import type { Authenticator } from "./authenticator.ts";
import type { BodyReads } from "./body_reads.ts";
import type { EventStreams } from "./event_streams.ts";
import type { Readiness } from "./health_routes.ts";

/** Bounds of what one isolate takes on. */
export interface Limits {
  readonly bodyBytes: number;
  readonly maxDeadlineMs: number;
  /** Requests under way; past it the answer is 503 `overloaded`. */
  readonly concurrentRequests: number;
  readonly resultBytes: number;
}

/** What the routes work with; the composition root owns all of it. */
export interface Parts {
  readonly authenticator: Authenticator;
  readonly optimizer: QueryOptimizer;
  readonly executor: Executor;
  /** Makes what `default=id()` asks for. */
  readonly ids: IdSource;
  readonly caches: CacheManager;
  readonly cached: CachedReads;
  readonly scattered: ScatterReads;
  /** What clients put into the caches that are declared writable. */
  readonly values: KeptValues;
  readonly shards: ShardManager;
  readonly view: TopologyView;
  readonly replicas: ReadReplicaManager;
  /** The nodes that operators took out of routing. */
  readonly drains: DrainStore;
  /** What operators did. */
  readonly audit: AuditLog;
  readonly locks: DistributedLockManager;
  /** Counts what becomes of calls; `undefined` where nobody is to count. */
  readonly metrics: QueryMetrics | undefined;
  readonly partitions: PartitionManager;
  /** Which partitions of the declared tables calls would touch. */
  readonly partitionRoutes: PartitionRoutes;
  /** What is known of the fleet. */
  readonly monitor: MonitorSource;
  /** Who listens to it here. */
  readonly events: EventStreams;
  readonly watch: ScopeWatch;
  readonly reads: BodyReads;
  readonly clock: Clock;
  readonly log: Log;
  /** `undefined` where nobody traces requests. */
  readonly tracing?: Tracing | undefined;
  readonly limits: Limits;
  readonly readiness: Readiness;
  /** Whether `/docs` and `/openapi.json` answer without a key. */
  readonly openDocs: boolean;
  /** Whether `/metrics` answers without a key. */
  readonly metricsOpen: boolean;
  readonly version: string;
}
