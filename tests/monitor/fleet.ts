import type { ConnectionPoolStats } from "../../src/pool/connection_pool_stats.ts";
import { PoolCounters } from "../../src/pool/connection_pool_stats.ts";
import { LockCounters } from "../../src/locks/lock_stats.ts";
import type { ShardState } from "../../src/routing/topology.ts";
import type {
  DBHealthStatus,
  ReplicationFacts,
  ServerFacts,
} from "../../src/monitor/db_health_status.ts";
import type { FleetView, IsolateReport, ProcessReport } from "../../src/monitor/fleet_view.ts";
import {
  CALL_BOUNDS_MS,
  type Latency,
  type StatementCounts,
  type StatementMetrics,
} from "../../src/monitor/statement_metrics.ts";

/** When the fleets of these tests begin, in Unix milliseconds. */
export const START = Date.UTC(2026, 10, 26, 12);

/** How often servers are asked in depth. */
const ASK_MS = 10_000;
/** The step in which time passes. */
const STEP_MS = 250;

/** What is the case with a node. */
export interface TestNode {
  up: boolean;
  writable: boolean;
  lagMs: number | null;
  semiSync: boolean;
  used: number;
  /** What its threads do; `null` where it replicates from nobody. */
  replication: ReplicationFacts | null;
  /** Why it takes no reads, though it is up. */
  ejected: string | null;
  /** What it said when it was asked in depth last, if ever. */
  asked: ServerFacts | null;
  /** Whether it was looked at. */
  observed: boolean;
}

/** What an isolate counts. */
export interface TestIsolate {
  lease: "held" | "lost";
  expired: number;
  pools: Record<string, { waiting: number; refused: number; lent: number }>;
}

/** What a process says. */
export interface TestProcess {
  state: ProcessReport["state"];
  redisUp: boolean;
  isolates: Record<string, TestIsolate>;
}

/** What one statement did lately on a shard. */
export interface TestCalls {
  calls: number;
  errors: Record<string, number>;
  queryMs: number;
}

/**
 * A fleet as it is seen: two shards of two nodes, two processes of an isolate. Tests change what is
 * the case, `view` says it as the monitor would.
 */
export class TestFleet {
  at = START;
  scope: FleetView["scope"] = "fleet";
  /** When in ten seconds servers are asked in depth. */
  askPhaseMs = 0;
  /** How much less than its lag is seen of a replica: heartbeats are a second apart. */
  unseenLagMs = 0;
  readonly nodes: Record<string, TestNode> = {};
  readonly processes: Record<string, TestProcess> = {};
  /** By `statement shard`. */
  readonly calls: Record<string, TestCalls> = {};
  /** By shard: the primary that was agreed on. */
  readonly primaries: Record<string, string> = {};

  constructor() {
    for (const shard of ["s1", "s2"]) {
      this.primaries[shard] = `${shard}a`;
      this.nodes[`${shard}a`] = { ...node(), writable: true, lagMs: 0, replication: null };
      this.nodes[`${shard}b`] = node();
      for (const statement of ["player.get", "player.add_gold", "guild.get", "event.list"]) {
        this.calls[`${statement} ${shard}`] = { calls: 600, errors: {}, queryMs: 0.5 };
      }
    }
    for (const id of ["p1", "p2"]) {
      const pools = Object.fromEntries(
        Object.keys(this.nodes).map((name) => [name, { waiting: 0, refused: 0, lent: 0 }]),
      );
      const isolate: TestIsolate = { lease: "held", expired: 0, pools };
      this.processes[id] = { state: "alive", redisUp: true, isolates: { "isolate-1": isolate } };
    }
  }

  /** One of its nodes. */
  node(name: string): TestNode {
    return found(this.nodes[name], name);
  }

  /** What a statement does on a shard. */
  cell(name: string): TestCalls {
    return found(this.calls[name], name);
  }

  /** One of its processes. */
  process(id: string): TestProcess {
    return found(this.processes[id], id);
  }

  /** The isolate of a process. */
  isolate(id: string): TestIsolate {
    return found(this.process(id).isolates["isolate-1"], id);
  }

  /**
   * Lets time pass: isolates go on lending, servers are asked in depth every ten seconds, and whoever
   * does not apply falls behind.
   */
  pass(ms: number): void {
    for (let left = ms; left > 0; left -= STEP_MS) this.#step(Math.min(left, STEP_MS));
    for (const { isolates } of Object.values(this.processes)) {
      for (const { pools } of Object.values(isolates)) {
        for (const pool of Object.values(pools)) if (pool.waiting === 0) pool.lent += 100;
      }
    }
  }

  /** What is known of it now. */
  view(): FleetView {
    const shards = ["s1", "s2"].map((name) => this.#shard(name));
    return {
      at: this.at,
      fleet: "test",
      scope: this.scope,
      processes: Object.entries(this.processes).map(([id, one]) => this.#process(id, one)),
      shards,
      nodes: Object.entries(this.nodes).map(([name, one]) => this.#health(name, one, shards)),
      statements: Object.entries(this.calls).map(([name, one]) => metricsOf(name, one)),
      slow: [],
      alerts: [],
    };
  }

  #step(ms: number): void {
    const asks = (at: number) => Math.floor((at - START - this.askPhaseMs) / ASK_MS);
    const before = this.at;
    this.at += ms;
    for (const one of Object.values(this.nodes)) {
      if (one.replication?.applying === false) one.lagMs = (one.lagMs ?? 0) + ms;
      if (one.up && asks(this.at) > asks(before)) one.asked = askedNow(one, this.at);
    }
  }

  #shard(name: string): ShardState {
    const own = Object.entries(this.nodes).filter(([node]) => node.startsWith(name));
    const writable = own.filter(([, { up, writable }]) => up && writable).map(([node]) => node);
    const observed = own.every(([, { observed }]) => observed);
    const [only, second] = writable;
    const status = !observed
      ? "unknown"
      : second !== undefined
      ? "split_brain"
      : only === undefined || only !== this.primaries[name]
      ? "no_primary"
      : "ok";
    return {
      name,
      epoch: "1",
      primary: status === "ok" ? only ?? null : null,
      status,
      why: status === "ok" ? undefined : "as the test says",
      nodes: own.map(([node, { up }]) => ({
        name: node,
        role: "unknown",
        up,
        writable: undefined,
        lagMs: undefined,
        position: undefined,
        semiSync: undefined,
        version: undefined,
        probeMs: undefined,
        observedAt: undefined,
        connections: undefined,
        ejected: undefined,
        drained: undefined,
      })),
    };
  }

  #health(name: string, one: TestNode, shards: readonly ShardState[]): DBHealthStatus {
    const shard = found(shards.find((shard) => name.startsWith(shard.name)), name);
    const { up, observed } = one;
    const primary = shard.primary === name;
    return {
      node: name,
      shard: shard.name,
      role: primary ? "primary" : up && !one.writable ? "replica" : "unknown",
      up: up && observed,
      ejected: up ? one.ejected : "it cannot be reached",
      drained: null,
      version: "10.11",
      latencyMs: 1,
      lagMs: up && observed && !one.writable ? this.#lagOf(one) : null,
      semiSync: primary ? one.semiSync : null,
      observedAt: observed ? this.at : null,
      connections: up ? { used: one.used, max: 100 } : null,
      server: one.asked,
      history: [],
    };
  }

  #lagOf({ lagMs }: TestNode): number | null {
    return lagMs === null ? null : Math.max(0, lagMs - this.unseenLagMs);
  }

  #process(id: string, { state, redisUp, isolates }: TestProcess): ProcessReport {
    const at = this.at;
    const report = (name: string, isolate: TestIsolate): IsolateReport => ({
      name,
      at,
      startedAt: START - 3_600_000,
      requests: 1,
      heapBytes: 1,
      pools: Object.entries(isolate.pools).map(([node, pool]) => poolStats(node, pool)),
      caches: { lease: isolate.lease, doubts: 0, caches: [] },
      locks: {
        ...new LockCounters().snapshot({ waiting: 0, withdrawing: 0 }),
        expired: isolate.expired,
      },
    });
    return {
      id,
      host: "host",
      pid: 1,
      version: "0.1.0",
      startedAt: START - 3_600_000,
      at: this.at,
      ageMs: state === "alive" ? 0 : 7_000,
      state,
      onDuty: id === "p1",
      redisUp,
      rssBytes: 1,
      isolates: Object.entries(isolates).map(([name, isolate]) => report(name, isolate)),
    };
  }
}

function askedNow({ replication }: Pick<TestNode, "replication">, at: number): ServerFacts {
  return { at, threadsRunning: 2, bufferPoolHitRate: 1, replication };
}

function node(): TestNode {
  return {
    up: true,
    writable: false,
    lagMs: 20,
    semiSync: true,
    used: 10,
    replication: { receiving: true, applying: true, lagSeconds: 0, errorNumber: null },
    ejected: null,
    asked: null,
    observed: true,
  };
}

function poolStats(
  name: string,
  pool: { readonly waiting: number; readonly refused: number; readonly lent: number },
): ConnectionPoolStats {
  return {
    name,
    max: 8,
    connecting: 0,
    idle: 8,
    inUse: 0,
    validating: 0,
    waiting: pool.waiting,
    totals: { ...new PoolCounters().totals(), saturated: pool.refused, lent: pool.lent },
  };
}

function metricsOf(name: string, { calls, errors, queryMs }: TestCalls): StatementMetrics {
  const [statement = "", shard = ""] = name.split(" ");
  const counts: StatementCounts = {
    calls,
    errors,
    cached: 0,
    batched: 0,
    rows: calls,
    bytes: calls,
    queries: calls,
    queryMs: queryMs * calls,
    callMs: queryMs * calls,
    callBuckets: [...CALL_BOUNDS_MS, Infinity].map(() => 0),
  };
  const none: Latency = { count: 0, mean: 0, p50: 0, p90: 0, p99: 0, max: 0 };
  return {
    statement,
    shard,
    kind: "read",
    since: counts,
    recent: { ...counts, seconds: 60 },
    latency: { total: none, queue: none, execute: none, encode: none },
  };
}

function found<T>(value: T | undefined, name: string): T {
  if (value === undefined) throw new Error(`Cannot find ${name}: the fleet of the test has it not`);
  return value;
}
