import { KeptValues } from "../cache/kept_values.ts";
import { ValueStore } from "../cache/value_store.ts";
import type { RedisClient } from "../drivers/redis.ts";
import { createApp, type Fetch } from "../http/app.ts";
import { Authenticator } from "../http/authenticator.ts";
import type { Parts } from "../http/parts.ts";
import { AuditLog } from "../monitor/audit_log.ts";
import type { ConnectionPool } from "../pool/connection_pool.ts";
import { CachedReads } from "../query/cached_reads.ts";
import { IdSource } from "../query/id_source.ts";
import { PartitionRoutes } from "../query/partition_routes.ts";
import type { ReadFloors } from "../query/read_floors.ts";
import { ScatterReads } from "../query/scatter/scatter_reads.ts";
import { DrainStore } from "../routing/drain_store.ts";
import { fleetPartitions } from "./fleet_partitions.ts";
import type { World } from "./isolate.ts";
import type { StartOrder } from "./messages.ts";
import { partitionRules } from "./settings.ts";
import { VERSION } from "./version.ts";

/** What the HTTP app of an isolate is put together from; the isolate owns it. */
export interface IsolateAppParts extends
  Pick<
    Parts,
    | "monitor"
    | "events"
    | "metrics"
    | "watch"
    | "reads"
    | "optimizer"
    | "executor"
    | "caches"
    | "locks"
    | "shards"
    | "view"
    | "replicas"
    | "readiness"
  > {
  readonly world: World;
  readonly redis: RedisClient;
  readonly floors: ReadFloors;
  readonly poolOf: (node: string) => ConnectionPool;
}

/** Puts the HTTP app of one isolate together. */
export function isolateApp(order: StartOrder, parts: IsolateAppParts): Fetch {
  const { config } = order;
  const { world, redis, executor, shards, watch, caches, locks, view, poolOf } = parts;
  const { clock, random, log, tracing } = world;
  const { fleet, limits } = config;
  return createApp({
    ...parts,
    authenticator: new Authenticator(config.apiKeys),
    ids: new IdSource({ redis, fleet, clock }),
    cached: new CachedReads({ ...parts, clock, random, resultBytes: limits.resultBytes }),
    scattered: new ScatterReads({ executor, shards, watch, clock }),
    values: new KeptValues({ caches, store: new ValueStore({ redis, fleet }), clock }),
    partitions: fleetPartitions({
      ...order,
      ...world,
      locks,
      watch,
      topology: () => view.snapshot(),
    }),
    partitionRoutes: new PartitionRoutes({ rules: partitionRules(config), poolOf }),
    drains: new DrainStore({ redis, fleet }),
    audit: new AuditLog({ redis, fleet, clock, log }),
    clock,
    log,
    tracing,
    limits: {
      bodyBytes: limits.bodyBytes,
      maxDeadlineMs: limits.maxDeadline,
      concurrentRequests: limits.concurrentRequests,
      resultBytes: limits.resultBytes,
    },
    openDocs: config.docs.open,
    metricsOpen: config.metrics.open,
    version: VERSION,
  });
}
