import type { CachesReport } from "../cache/cache_manager.ts";
import type { LockStats } from "../locks/lock_stats.ts";
import type { ConnectionPoolStats } from "../pool/connection_pool_stats.ts";
import type { ShardState } from "../routing/topology.ts";
import type { Alert } from "./alert.ts";
import type { DBHealthStatus } from "./db_health_status.ts";
import type { SlowSample, StatementMetrics } from "./statement_metrics.ts";

/** What an isolate tells of itself. */
export interface IsolateReport {
  /** Such as `isolate-1`, unique in its process. */
  readonly name: string;
  /** When it said so, and when it started, in Unix milliseconds. */
  readonly at: number;
  readonly startedAt: number;
  /** Requests under way. */
  readonly requests: number;
  readonly heapBytes: number;
  readonly pools: readonly ConnectionPoolStats[];
  readonly caches: CachesReport;
  readonly locks: LockStats;
}

/** A process of the fleet, as it was heard last. */
export interface ProcessReport {
  /** Unique in the fleet, and new with each start. */
  readonly id: string;
  readonly host: string;
  readonly pid: number;
  readonly version: string;
  readonly startedAt: number;
  /** When it spoke last, in Unix milliseconds. */
  readonly at: number;
  /** How long ago that was, in milliseconds, by Redis's clock: machines' own may differ. */
  readonly ageMs: number;
  /** `silent` if it was not heard for a while; it is forgotten after some minutes. */
  readonly state: "alive" | "silent";
  /** Whether it looks at the databases for the fleet. */
  readonly onDuty: boolean;
  readonly redisUp: boolean;
  /** Resident memory. */
  readonly rssBytes: number;
  readonly isolates: readonly IsolateReport[];
}

/**
 * All that is known of the fleet: what every monitoring answer is made of, in whichever isolate. It
 * is JSON as it stands.
 */
export interface FleetView {
  /** Unix milliseconds. */
  readonly at: number;
  readonly fleet: string;
  /** `process` while Redis is away: then the others are not known, and it speaks for itself. */
  readonly scope: "fleet" | "process";
  readonly processes: readonly ProcessReport[];
  readonly shards: readonly ShardState[];
  readonly nodes: readonly DBHealthStatus[];
  readonly statements: readonly StatementMetrics[];
  /** The newest first. */
  readonly slow: readonly SlowSample[];
  /** What is raised, and what was cleared in the last hour; the newest first. */
  readonly alerts: readonly Alert[];
}
