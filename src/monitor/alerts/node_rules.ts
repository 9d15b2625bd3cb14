import type { DBHealthStatus } from "../db_health_status.ts";
import type { AlertFacts, Past } from "./alert_facts.ts";
import { type Condition, level, UNMEASURED } from "./condition.ts";
import type { AllRuleSettings } from "./rule_settings.ts";

/** How far off a lag may be: heartbeats and looks at them are a second apart. */
const LAG_ERROR_MS = 2_000;

/** What is wrong with single database servers. A server that was not looked at yet is not down. */
export function nodeConditions(
  facts: AlertFacts,
  options: { readonly past: Past; readonly settings: AllRuleSettings },
): Condition[] {
  const { view } = facts;
  const { settings, past } = options;
  const shards = new Map(view.shards.map((shard) => [shard.name, shard]));
  return view.nodes.flatMap((node) => {
    if (node.observedAt === null) return [];
    if (!node.up) {
      const writable = shards.get(node.shard)?.status === "ok";
      return [
        nodeDown(node, { writable, wasPrimary: past.primaries.get(node.shard) === node.node }),
      ];
    }
    return [
      connectionsNearLimit(node, settings),
      replicationStopped(node),
      replicationLag(node, settings),
    ].filter((found) => found !== undefined);
  });
}

function nodeDown(
  node: DBHealthStatus,
  state: { readonly writable: boolean; readonly wasPrimary: boolean },
): Condition {
  const reason = node.ejected === null ? "" : ` (${node.ejected})`;
  const consequence = state.writable
    ? `${node.shard} goes on without it`
    : state.wasPrimary
    ? `it was the primary of ${node.shard}, which takes no writes`
    : `${node.shard} takes no writes`;
  return {
    ...about(node, "node_down"),
    ...UNMEASURED,
    severity: state.writable ? "warning" : "critical",
    summary: `${node.node} is down${reason}; ${consequence}`,
    advice: state.writable
      ? "Look at the server's process, its log and the network to it, and start it again."
      : "Start the server again, or promote a replica that has applied all that it received.",
  };
}

function connectionsNearLimit(
  node: DBHealthStatus,
  settings: AllRuleSettings,
): Condition | undefined {
  const { connections } = node;
  const { threshold } = settings.connections_near_limit;
  if (connections === null || connections.max <= 0 || threshold === null) return undefined;
  const { used, max } = connections;
  const found = level(used / max, threshold);
  if (found === undefined) return undefined;
  return {
    ...about(node, "connections_near_limit"),
    ...found,
    severity: "warning",
    summary: `${node.node} has ${used} of its ${max} connections in use`,
    advice: "Find who holds them (SHOW PROCESSLIST); raise max_connections, or lower " +
      "database.pool.max or the number of isolates.",
  };
}

/**
 * Of a replica whose server said how its threads do. One that follows nobody has none: that stops
 * nothing where it takes reads all the same, as of services that hide how they replicate.
 */
function replicationStopped(node: DBHealthStatus): Condition | undefined {
  const threads = node.role === "replica" ? node.server?.replication : undefined;
  if (threads === undefined || (threads === null && node.ejected === null)) return undefined;
  const { receiving = false, applying = false, errorNumber = null } = threads ?? {};
  if (receiving && applying) return undefined;
  const what = threads === null
    ? "follows no primary"
    : applying
    ? "receives nothing from its primary"
    : receiving
    ? "does not apply what it receives"
    : "neither receives nor applies";
  const why = errorNumber === null || errorNumber === 0 ? "" : ` (error ${errorNumber})`;
  return {
    ...about(node, "replication_stopped"),
    ...UNMEASURED,
    severity: "critical",
    summary: `${node.node} ${what}${why}: reads of ${node.shard} have one server less`,
    advice:
      "Read SHOW REPLICA STATUS on it; mend what stopped it, then START REPLICA, or build it " +
      "anew from the primary.",
  };
}

/**
 * A replica that applies, but late. It has fallen behind at `observedAt` less its lag: only a look at
 * its threads that is later than that says that they run, and that this is not the lag of a replica
 * that stands.
 */
function replicationLag(node: DBHealthStatus, settings: AllRuleSettings): Condition | undefined {
  const { lagMs, observedAt, server } = node;
  const { threshold } = settings.replication_lag;
  if (node.role !== "replica" || lagMs === null || observedAt === null) return undefined;
  const fellBehindAt = observedAt - lagMs + LAG_ERROR_MS;
  if (threshold === null || (server !== null && server.at < fellBehindAt)) return undefined;
  const found = level(lagMs, threshold);
  if (found === undefined) return undefined;
  return {
    ...about(node, "replication_lag"),
    ...found,
    severity: "warning",
    summary: `${node.node} is ${seconds(lagMs)} s behind the primary of ${node.shard}`,
    advice: "Look for large transactions or DDL on the primary, and for load on the replica; " +
      "replica_parallel_threads may help.",
  };
}

function about(
  { node, shard }: DBHealthStatus,
  rule: Condition["rule"],
): Pick<Condition, "rule" | "key" | "subject" | "place"> {
  return { rule, key: node, subject: { shard, node }, place: { shards: [shard], node } };
}

function seconds(ms: number): string {
  return (ms / 1_000).toFixed(1);
}
