import type { CacheConfig } from "../cache/cache.ts";
import type { Config } from "../config/schema.ts";
import type { MysqlTarget } from "../drivers/mysql.ts";
import type { RedisTarget } from "../drivers/redis_target.ts";
import type { ConnectionPoolConfig } from "../pool/connection_pool_config.ts";
import type { CompiledStatement } from "../query/compiled_statement.ts";
import type { PartitionRule } from "../partitions/partition_rule.ts";
import type { RegistryRules } from "../query/query_optimizer.ts";
import type { NodeSpec, ShardSpec } from "../routing/topology.ts";

/** The shards as routing wants them. */
export function shardSpecs(config: Config): ShardSpec[] {
  return config.shards.map((shard) => ({
    name: shard.name,
    role: shard.role,
    nodes: shard.nodes.map((node) => ({
      name: node.name,
      shard: shard.name,
      host: node.address.host,
      port: node.address.port,
      weight: node.weight,
    })),
  }));
}

/** Where a node is, and who logs in there. */
export function targetOf(
  options: {
    readonly config: Config;
    readonly node: NodeSpec;
    readonly ca: string | undefined;
  },
): MysqlTarget {
  const { config: { database }, node, ca } = options;
  return {
    host: node.host,
    port: node.port,
    user: database.user,
    password: database.password,
    database: database.name,
    ...(database.tls === undefined ? {} : {
      tls: {
        verifyIdentity: database.tls.verifyIdentity,
        ...(ca === undefined ? {} : { ca }),
      },
    }),
  };
}

/** Where Redis is, and who logs in there. */
export function redisTarget({ redis }: Pick<Config, "redis">): RedisTarget {
  return redis.url === undefined ? { kind: "sentinel", ...redis } : { kind: "url", url: redis.url };
}

/** The pool of one node. */
export function poolConfig(
  options: {
    readonly config: Config;
    readonly node: NodeSpec;
    readonly ca: string | undefined;
  },
): ConnectionPoolConfig {
  const { config: { database }, node } = options;
  const { pool } = database;
  return {
    name: node.name,
    shard: node.shard,
    target: targetOf(options),
    min: pool.min,
    max: pool.max,
    acquireTimeoutMs: pool.acquireTimeout,
    waitersPerConnection: pool.waitersPerConnection,
    validateAfterIdleMs: pool.validateAfterIdle,
    idleTimeoutMs: pool.idleTimeout,
    maxLifetimeMs: pool.maxLifetime,
    leakWarningMs: pool.leakWarning,
    proxied: database.proxied,
  };
}

/** The caches as each isolate makes them. */
export function cacheConfigs(config: Config): CacheConfig[] {
  return Object.entries(config.caches).map(([name, cache]) => ({
    name,
    maxEntries: cache.maxEntries,
    maxBytes: cache.maxBytes,
    ttlMs: cache.ttl,
    negativeTtlMs: cache.negativeTtl,
    swrMs: cache.swr,
    lenientMs: cache.lenient,
    writable: cache.writable,
  }));
}

/** The partitioned tables that are declared, by name. */
export function partitionRules({ partitions }: Pick<Config, "partitions">): ReadonlyMap<
  string,
  PartitionRule
> {
  return new Map(
    Object.entries(partitions).map(([table, rule]): [string, PartitionRule] => {
      if (rule.by !== "range") return [table, rule];
      const { by, column, period, ahead: aheadMs, keep: keepMs } = rule;
      return [table, { by, column, period, aheadMs, keepMs }];
    }),
  );
}

/** What statement files may name. */
export function registryRules(config: Config): RegistryRules {
  return {
    shards: config.shards.map(({ name }) => name),
    caches: Object.keys(config.caches).filter((name) => config.caches[name]?.writable === false),
    strict: config.strict,
    maxTimeoutMs: config.limits.maxDeadline,
  };
}

/** The longest that any cache answers with what it has loaded, in milliseconds. */
export function longestCacheMs(
  { caches }: Pick<Config, "caches">,
  statements: readonly CompiledStatement[],
): number {
  let longest = 0;
  for (const { ttl, swr, lenient } of Object.values(caches)) {
    longest = Math.max(longest, ttl + swr + lenient);
  }
  for (const { statement: { cache } } of statements) {
    const { ttl = 0, swr = 0, lenient = 0 } = caches[cache?.name ?? ""] ?? {};
    longest = Math.max(longest, (cache?.ttlMs ?? ttl) + (cache?.swrMs ?? swr) + lenient);
  }
  return longest;
}
