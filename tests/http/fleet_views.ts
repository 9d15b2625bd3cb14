import type { ListedLock } from "../../src/locks/lock_store.ts";
import type { Alert } from "../../src/monitor/alert.ts";
import type { DBHealthStatus, HealthPoint } from "../../src/monitor/db_health_status.ts";
import type { FleetView, IsolateReport, ProcessReport } from "../../src/monitor/fleet_view.ts";
import type { ConnectionPoolStats } from "../../src/pool/connection_pool_stats.ts";
import {
  CALL_BOUNDS_MS,
  type Latency,
  type SlowSample,
  type StatementCounts,
  type StatementMetrics,
} from "../../src/monitor/statement_metrics.ts";
import type { NodeState, ShardState } from "../../src/routing/topology.ts";

/** What is wrong with the fleet of a view. */
export interface Trouble {
  /** Databases that do not answer. */
  readonly down?: readonly string[];
  /** Databases that take no reads, and why. */
  readonly ejected?: Readonly<Record<string, string>>;
  /** Shards without a primary. */
  readonly headless?: readonly string[];
  /** Share of the calls that fail. */
  readonly failing?: number;
  /** Since which second they do. @default {0} */
  readonly failingFrom?: number;
  readonly waiting?: number;
  readonly silent?: boolean;
  /** An isolate of the first process that stopped speaking. */
  readonly mute?: string;
  readonly alerts?: readonly Alert[];
}

const MINUTE_MS = 60_000;
const STATEMENTS = [
  ["player.get", "read", 940, 0.62, 0.9],
  ["player.add_gold", "write", 210, 2.4, 0],
  ["inventory.list", "read", 180, 1.1, 0.4],
  ["leaderboard.page", "read", 36, 14, 0],
  ["guild.get", "read", 88, 0.8, 0.7],
  ["event.append", "write", 120, 1.9, 0],
  ["player.rename", "write", 4, 2.1, 0],
] as const;

/** How far the clock of the second process's machine is behind. */
const BEHIND_MS = 60_000;

/** A fleet of two shards and two processes as it would be after `seconds` of work. */
export function fleetView(seconds: number, trouble: Trouble = {}): FleetView {
  const at = Date.now();
  const shards = ["s1", "s2"].map((name) => shard(name, { at, trouble }));
  return {
    at,
    fleet: "example",
    scope: "fleet",
    processes: [
      process("a1f3", { at, trouble }),
      process("77c0", { at: at - BEHIND_MS, trouble: {} }),
    ],
    shards,
    nodes: shards.flatMap((one) => one.nodes.map((node) => health(one.name, { node, at }))),
    statements: statements(seconds, trouble),
    slow: slowSamples(at),
    alerts: trouble.alerts ?? [],
  };
}

/** A lock that somebody holds. */
export const HELD_LOCK: ListedLock = {
  name: "raid:7",
  held: true,
  owner: "world-12",
  fence: "9",
  remainingMs: 8_200,
  waiters: 3,
};

/** An alert of a database that is down. */
export function nodeDownAlert(
  node: string,
  agoMs: number,
  state: Alert["state"] = "raised",
): Alert {
  const raisedAt = Date.now() - agoMs;
  return {
    id: `${node}-${raisedAt}`,
    rule: "node_down",
    severity: "critical",
    state,
    subject: { node },
    summary: `${node} does not answer.`,
    advice: "See whether its server runs; reads go to the other nodes of its shard meanwhile.",
    value: null,
    threshold: null,
    raisedAt,
    clearedAt: state === "cleared" ? raisedAt + 90_000 : null,
    flapping: false,
  };
}

function shard(
  name: string,
  { at, trouble }: { readonly at: number; readonly trouble: Trouble },
): ShardState {
  const { down = [], ejected = {}, headless = [] } = trouble;
  const lost = headless.includes(name);
  const nodes = ["a", "b", "c"].map((letter, index): NodeState => {
    const node = `${name}${letter}`;
    const primary = index === 0 && !lost;
    const up = !down.includes(node);
    return {
      name: node,
      role: primary ? "primary" : index === 0 ? "unknown" : "replica",
      up,
      writable: up ? primary : undefined,
      lagMs: up && !primary ? 4 + index * 3 : undefined,
      position: undefined,
      semiSync: primary ? true : undefined,
      version: "11.8.3-MariaDB",
      probeMs: up ? 0.4 + index / 10 : undefined,
      observedAt: at - 300,
      connections: up ? { max: 151, used: 14 + index } : undefined,
      ejected: ejected[node] ?? (up ? undefined : "connection refused"),
      drained: ejected[node]?.startsWith("drained") ? { by: "ops", at } : undefined,
    };
  });
  return {
    name,
    epoch: "1795544156593066",
    primary: lost ? null : `${name}a`,
    status: lost ? "no_primary" : "ok",
    why: lost ? "no node is writable" : undefined,
    nodes,
  };
}

function health(
  shard: string,
  { node, at }: { readonly node: NodeState; readonly at: number },
): DBHealthStatus {
  const history = Array.from({ length: 60 }, (_, index): HealthPoint => ({
    at: at - (60 - index) * MINUTE_MS,
    up: node.up || index < 57,
    role: node.role,
    latencyMs: 0.4 + (index % 7) / 20,
    lagMs: node.role === "primary" ? null : 5 + (index % 11),
    connections: 14,
    threadsRunning: 2,
  }));
  return {
    node: node.name,
    shard,
    role: node.role,
    up: node.up,
    ejected: node.ejected ?? null,
    drained: node.drained ?? null,
    version: node.version ?? null,
    latencyMs: node.probeMs ?? null,
    lagMs: node.lagMs ?? null,
    semiSync: node.semiSync ?? null,
    observedAt: node.observedAt ?? null,
    connections: node.connections ?? null,
    server: node.up
      ? {
        at: at - 4_000,
        threadsRunning: 3,
        bufferPoolHitRate: 0.9993,
        replication: node.role === "replica"
          ? { receiving: true, applying: true, lagSeconds: 0, errorNumber: null }
          : null,
      }
      : null,
    history,
  };
}

function process(
  id: string,
  { at, trouble }: { readonly at: number; readonly trouble: Trouble },
): ProcessReport {
  const silent = trouble.silent === true;
  return {
    id,
    host: `game-${id}`,
    pid: 4_242,
    version: "0.1.0",
    startedAt: at - 90 * MINUTE_MS,
    at: silent ? at - 14_000 : at - 400,
    ageMs: silent ? 14_000 : 400,
    state: silent ? "silent" : "alive",
    onDuty: id === "a1f3",
    redisUp: true,
    rssBytes: 310_000_000,
    isolates: ["isolate-0", "isolate-1"].map((name): IsolateReport => ({
      name,
      at: silent || name === trouble.mute ? at - 14_000 : at - 400,
      startedAt: at - 90 * MINUTE_MS,
      requests: 7,
      heapBytes: 48_000_000,
      pools: ["s1a", "s1b", "s1c", "s2a", "s2b", "s2c"].map((node) => pool(node, trouble)),
      caches: {
        lease: "held",
        doubts: 0,
        caches: [cache("players", 90_000), cache("guilds", 4_000)],
      },
      locks: {
        granted: 18_204,
        grantedAfterWait: 1_204,
        replayed: 2,
        refused: 311,
        waiting: 1,
        waitedMs: 93_000,
        renewed: 90_001,
        lost: 3,
        released: 18_100,
        expired: 12,
        withdrawn: 5,
        withdrawing: 0,
      },
    })),
  };
}

function pool(name: string, { waiting = 0 }: Trouble): ConnectionPoolStats {
  const busy = name === "s1a" && waiting > 0;
  return {
    name,
    max: 8,
    connecting: 0,
    idle: busy ? 0 : 4,
    inUse: busy ? 8 : 3,
    validating: 0,
    waiting: busy ? waiting : 0,
    totals: {
      lent: 120_000,
      created: 9,
      connectFailures: 0,
      saturated: busy ? 41 : 0,
      timedOut: 0,
      interrupted: 3,
      killed: 1,
      leakWarnings: 0,
      waits: 90,
      waitMsTotal: 260,
      waitMsMax: 21,
      closed: { lost: 0, idle: 2, aged: 3, invalid: 0, interrupted: 1, shutdown: 0 },
    },
  };
}

function cache(name: string, entries: number) {
  return {
    name,
    entries,
    maxEntries: 100_000,
    bytes: entries * 312,
    maxBytes: 64_000_000,
    ttlMs: 30_000,
    lenientMs: 0,
    writable: false,
    hits: 4_210_000,
    stale: 12,
    misses: 390_000,
    loads: 380_000,
    joined: 9_000,
    overtaken: 3,
    bypassed: 2_010,
    evicted: { capacity: 4_000, expired: 90_000, invalidated: 31_000, outdated: 0 },
  };
}

function statements(seconds: number, trouble: Trouble): readonly StatementMetrics[] {
  const { failing = 0, failingFrom = 0 } = trouble;
  const past = failing * Math.max(0, 1 - failingFrom / seconds);
  return STATEMENTS.flatMap(([statement, kind, perSecond, meanMs, cached]) =>
    (statement === "leaderboard.page" ? ["*"] : ["s1", "s2"]).map((shard): StatementMetrics => {
      const swing = 1 + 0.25 * Math.sin(seconds / 9) + 0.08 * Math.sin(seconds * 1.7);
      const counts = (calls: number, share: number): StatementCounts => ({
        calls,
        errors: share > 0
          ? {
            pool_saturated: Math.round(calls * share * 0.8),
            deadline_exceeded: Math.round(calls * share * 0.2),
          }
          : {},
        cached: calls * cached,
        batched: 0,
        rows: calls,
        bytes: calls * 300,
        queries: calls * (1 - cached),
        queryMs: calls * (1 - cached) * meanMs,
        callMs: calls * meanMs,
        callBuckets: spread(calls, meanMs),
      });
      const latency = (mean: number): Latency => ({
        count: perSecond * 300,
        mean,
        p50: mean * 0.8,
        p90: mean * 2,
        p99: mean * (shard === "s2" ? 6 : 4),
        max: mean * 20,
      });
      const calls = Math.round(perSecond * (seconds + 9 * (swing - 1)));
      return {
        statement,
        shard,
        kind,
        since: counts(calls, past),
        recent: { ...counts(perSecond * 10, failing), seconds: 10 },
        latency: {
          total: latency(meanMs),
          queue: latency(meanMs * 0.1),
          execute: latency(meanMs * 0.8),
          encode: latency(meanMs * 0.1),
        },
      };
    })
  );
}

/** Calls by how long they took: most about the mean, some far beyond it. */
function spread(calls: number, meanMs: number): number[] {
  const bounds = [...CALL_BOUNDS_MS, Infinity];
  const weights = bounds.map((bound) =>
    Math.exp(-((Math.log(Math.min(bound, 10_000) / (meanMs * 1.3))) ** 2) / 0.7)
  );
  const all = weights.reduce((sum, weight) => sum + weight, 0);
  return weights.map((weight) => Math.round(calls * weight / all));
}

function slowSamples(at: number): readonly SlowSample[] {
  return [
    {
      at: at - 2_000,
      statement: "leaderboard.page",
      shard: "*",
      source: "replica",
      totalMs: 412,
      queueMs: 3,
      executeMs: 402,
      encodeMs: 7,
      rows: 100,
      params: { limit: "int", cursor: "string(44)" },
      plan: "9f31c2aa",
    },
    {
      at: at - 61_000,
      statement: "player.add_gold",
      shard: "s2",
      source: "primary",
      totalMs: 240,
      queueMs: 201,
      executeMs: 38,
      encodeMs: 1,
      rows: 1,
      params: { playerId: "bigint", amount: "bigint" },
      plan: "0bd2771e",
    },
  ];
}
