import type { DBHealthStatus } from "../../monitor/db_health_status.ts";
import type { ShardState } from "../../routing/topology.ts";
import { familiesOf, type Family, type Subject } from "./family.ts";
import { oneOf, seconds } from "./units.ts";

const NODES: Subject<DBHealthStatus> = {
  each: ({ nodes }) => nodes,
  labels: ["shard", "node"],
  told: ({ shard, node }) => [shard, node],
};

const SHARDS: Subject<ShardState> = {
  each: ({ shards }) => shards,
  labels: ["shard"],
  told: ({ name }) => [name],
};

const ROLES: readonly DBHealthStatus["role"][] = ["primary", "replica", "unknown"];
const STATUSES: readonly ShardState["status"][] = ["ok", "no_primary", "split_brain", "unknown"];

/** What this process knows of the databases; its neighbours tell the same of them. */
export const FLEET_FAMILIES: readonly Family[] = [
  ...familiesOf(SHARDS, [
    {
      name: "realmgate_shard_status",
      type: "gauge",
      help: "1 for how the shard stands, 0 for all other ways.",
      by: "status",
      values: ({ status }) => oneOf(STATUSES, status),
    },
    {
      name: "realmgate_shard_epoch",
      type: "gauge",
      help: "Grows with every change of primary.",
      value: ({ epoch }) => Number(epoch),
    },
  ]),
  ...familiesOf(NODES, [
    {
      name: "realmgate_node_up",
      type: "gauge",
      help: "Whether the last look found it.",
      value: ({ up }) => up,
    },
    {
      name: "realmgate_node_role",
      type: "gauge",
      help: "1 for its role, 0 for all others.",
      by: "role",
      values: ({ role }) => oneOf(ROLES, role),
    },
    {
      name: "realmgate_node_ejected",
      type: "gauge",
      help: "Whether it takes no reads.",
      value: ({ ejected }) => ejected !== null,
    },
    {
      name: "realmgate_node_semi_sync",
      type: "gauge",
      help: "Whether a primary's writes wait for a replica.",
      value: ({ semiSync }) => semiSync,
    },
    {
      name: "realmgate_node_lag_seconds",
      type: "gauge",
      help: "How far it is behind the primary's heartbeat.",
      value: ({ lagMs }) => lagMs && seconds(lagMs),
    },
    {
      name: "realmgate_node_probe_seconds",
      type: "gauge",
      help: "How long the last look took.",
      value: ({ latencyMs }) => latencyMs && seconds(latencyMs),
    },
    {
      name: "realmgate_node_observed_timestamp_seconds",
      type: "gauge",
      help: "When it was looked at last, in Unix time.",
      value: ({ observedAt }) => observedAt && seconds(observedAt),
    },
    {
      name: "realmgate_node_connections",
      type: "gauge",
      help: "Connections that the server has, anybody's.",
      value: ({ connections }) => connections && connections.used,
    },
    {
      name: "realmgate_node_max_connections",
      type: "gauge",
      help: "Connections that the server allows.",
      value: ({ connections }) => connections && connections.max,
    },
    {
      name: "realmgate_node_threads_running",
      type: "gauge",
      help: "Sessions of the server that are at work.",
      value: ({ server }) => server && server.threadsRunning,
    },
    {
      name: "realmgate_node_buffer_pool_hit_ratio",
      type: "gauge",
      help: "Reads of pages that needed no disk, of all, lately.",
      value: ({ server }) => server && server.bufferPoolHitRate,
    },
    {
      name: "realmgate_node_replication_receiving",
      type: "gauge",
      help: "Whether a replica is connected to its primary.",
      value: ({ server }) => server?.replication ? server.replication.receiving : null,
    },
    {
      name: "realmgate_node_replication_applying",
      type: "gauge",
      help: "Whether a replica applies what it has received.",
      value: ({ server }) => server?.replication ? server.replication.applying : null,
    },
    {
      name: "realmgate_node_replication_lag_seconds",
      type: "gauge",
      help: "How far a replica is behind, by its own word.",
      value: ({ server }) => server?.replication ? server.replication.lagSeconds : null,
    },
  ]),
];
