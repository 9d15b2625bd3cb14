import { noCounters } from "../../../src/cache/cache_stats.ts";
import { LockCounters } from "../../../src/locks/lock_stats.ts";
import type { Alert } from "../../../src/monitor/alert.ts";
import type { DBHealthStatus } from "../../../src/monitor/db_health_status.ts";
import type { FleetView, IsolateReport } from "../../../src/monitor/fleet_view.ts";
import {
  CALL_BOUNDS_MS,
  type Latency,
  type StatementCounts,
  type StatementMetrics,
} from "../../../src/monitor/statement_metrics.ts";
import { PoolCounters, summarise } from "../../../src/pool/connection_pool_stats.ts";
import type { ShardState } from "../../../src/routing/topology.ts";

/*
 * Views as a process could tell them, in which every fact is there unless a test takes it away.
 */

const AT = 1_795_600_000_000;

/** What was counted of calls: so many up to each bound, and longer. */
export function counts(
  buckets: readonly number[],
  others: Partial<StatementCounts> = {},
): StatementCounts {
  const callBuckets = [...CALL_BOUNDS_MS, Infinity].map((_, at) => buckets[at] ?? 0);
  return {
    calls: callBuckets.reduce((sum, count) => sum + count, 0),
    errors: {},
    cached: 0,
    batched: 0,
    rows: 0,
    bytes: 0,
    queries: 0,
    queryMs: 0,
    callMs: 0,
    callBuckets,
    ...others,
  };
}

/** A statement that was counted so since the start, and not of late. */
export function statement(
  since: StatementCounts,
  others: Partial<StatementMetrics> = {},
): StatementMetrics {
  const none: Latency = { count: 0, mean: 0, p50: 0, p90: 0, p99: 0, max: 0 };
  return {
    statement: "player.get",
    shard: "s1",
    kind: "read",
    since,
    recent: { ...counts([]), seconds: 60 },
    latency: { total: none, queue: none, execute: none, encode: none },
    ...others,
  };
}

/** An isolate with one pool, which lent so often, and one cache, which answered so often. */
export function isolate(
  name: string,
  did: { readonly lent?: number; readonly hits?: number; readonly lease?: "held" | "lost" } = {},
): IsolateReport {
  const counters = new PoolCounters();
  counters.lent = did.lent ?? 3;
  counters.waited(1_500);
  counters.closedFor("aged");
  const locks = new LockCounters();
  locks.granted = 2;
  locks.waitedMs = 250;
  return {
    name,
    at: AT,
    startedAt: AT - 60_000,
    requests: 1,
    heapBytes: 20_000_000,
    pools: [summarise({ name: "s1a", max: 8, states: ["idle", "in_use"], waiting: 1, counters })],
    caches: {
      lease: did.lease ?? "held",
      doubts: 0,
      caches: [{
        ...noCounters(),
        name: "players",
        hits: did.hits ?? 7,
        entries: 5,
        maxEntries: 10_000,
        bytes: 640,
        maxBytes: 67_108_864,
        ttlMs: 30_000,
        lenientMs: 0,
        writable: false,
      }],
    },
    locks: locks.snapshot({ waiting: 4, withdrawing: 0 }),
  };
}

/** A replica that is fine, of which everything is known. */
export function node(others: Partial<DBHealthStatus> = {}): DBHealthStatus {
  return {
    node: "s1b",
    shard: "s1",
    role: "replica",
    up: true,
    ejected: null,
    drained: null,
    version: "10.11.14-MariaDB",
    latencyMs: 1.5,
    lagMs: 250,
    semiSync: null,
    observedAt: AT,
    connections: { used: 12, max: 151 },
    server: {
      at: AT,
      threadsRunning: 2,
      bufferPoolHitRate: 0.998,
      replication: { receiving: true, applying: true, lagSeconds: 0, errorNumber: null },
    },
    history: [],
    ...others,
  };
}

/** A shard with a primary. */
export function shard(others: Partial<ShardState> = {}): ShardState {
  return {
    name: "s1",
    epoch: "1795600000000000",
    primary: "s1a",
    status: "ok",
    why: undefined,
    nodes: [],
    ...others,
  };
}

/** An alert about one node. */
export function alert(others: Partial<Alert> = {}): Alert {
  return {
    id: "1",
    rule: "node_down",
    severity: "critical",
    state: "raised",
    subject: { shard: "s1", node: "s1b" },
    summary: "s1b does not answer.",
    advice: "Start it.",
    value: null,
    threshold: null,
    raisedAt: AT,
    clearedAt: null,
    flapping: false,
    ...others,
  };
}

/** What a process of these isolates tells, and of its neighbourhood. */
export function view(
  options: Partial<FleetView> & {
    readonly isolates?: readonly IsolateReport[];
    readonly version?: string;
  } = {},
): FleetView {
  const { isolates = [isolate("isolate-1")], version = "0.1.0", ...others } = options;
  return {
    at: AT,
    fleet: "example",
    scope: "process",
    processes: [{
      id: "p1",
      host: "game-1",
      pid: 42,
      version,
      startedAt: AT - 60_500,
      at: AT,
      ageMs: 0,
      state: "alive",
      onDuty: true,
      redisUp: true,
      rssBytes: 120_000_000,
      isolates,
    }],
    shards: [shard()],
    nodes: [
      node({ node: "s1a", role: "primary", semiSync: true, lagMs: null }),
      node(),
    ],
    statements: [statement(counts([2, 1], { errors: { deadlock: 1 }, callMs: 1.25 }))],
    slow: [],
    alerts: [alert()],
    ...others,
  };
}
