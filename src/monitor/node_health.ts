import type { NodeState, TopologySnapshot } from "../routing/topology.ts";
import {
  type DBHealthStatus,
  type HealthPoint,
  HISTORY_POINTS,
  type ServerFacts,
} from "./db_health_status.ts";

/** How far apart the points of the history are. */
const POINT_MS = 60_000;

/** What is remembered of each node of the fleet, for as long as the process lives. */
export class NodeHealth {
  readonly #history = new Map<string, HealthPoint[]>();
  #pointAt = -Infinity;

  /**
   * Remembers how the nodes do, once a minute, however often it is called.
   *
   * @param now on any clock that does not go back, in milliseconds
   */
  note(
    statuses: readonly DBHealthStatus[],
    times: { readonly now: number; readonly at: number },
  ): void {
    if (times.now - this.#pointAt < POINT_MS) return;
    this.#pointAt = times.now;
    for (const status of statuses) {
      const { node, up, role, latencyMs, lagMs, connections, server } = status;
      const points = this.#history.get(node) ?? [];
      this.#history.set(node, points);
      points.push({
        at: times.at,
        up,
        role,
        latencyMs,
        lagMs,
        connections: connections?.used ?? null,
        threadsRunning: server?.threadsRunning ?? null,
      });
      if (points.length > HISTORY_POINTS) points.shift();
    }
  }

  /** Every node as the fleet sees it, with what its server said of itself. */
  statuses(
    topology: TopologySnapshot,
    servers: Readonly<Record<string, ServerFacts>>,
  ): DBHealthStatus[] {
    return topology.shards.flatMap(({ name: shard, nodes }) =>
      nodes.map((node) => ({
        ...statusOf(node, shard),
        server: servers[node.name] ?? null,
        history: this.#history.get(node.name) ?? [],
      }))
    );
  }
}

function statusOf(node: NodeState, shard: string): Omit<DBHealthStatus, "server" | "history"> {
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
  };
}
