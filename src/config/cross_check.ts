import { ENTRY_TTL_MS, MAX_VALUE_BYTES } from "../cache/value_store.ts";
import { readBuckets } from "../routing/bucket_map.ts";
import type { Config } from "./schema.ts";
import type { ConfigFault } from "./fault.ts";

/** What no single setting can tell: names that clash, maps that name no shard. */
export function crossCheck(config: Config): ConfigFault[] {
  const faults: ConfigFault[] = [];
  const shards = new Set<string>();
  const nodes = new Set<string>();
  config.shards.forEach((shard, s) => {
    if (shards.has(shard.name)) {
      faults.push({ path: `shards[${s}].name`, message: `"${shard.name}" is used twice` });
    }
    shards.add(shard.name);
    shard.nodes.forEach((node, n) => {
      const path = `shards[${s}].nodes[${n}].name`;
      if (nodes.has(node.name)) faults.push({ path, message: `"${node.name}" is used twice` });
      nodes.add(node.name);
    });
  });
  const keys = new Set<string>();
  const hashes = new Set<string>();
  config.apiKeys.forEach((key, k) => {
    if (keys.has(key.name)) {
      faults.push({ path: `apiKeys[${k}].name`, message: `"${key.name}" is used twice` });
    }
    if (hashes.has(key.sha256)) {
      faults.push({ path: `apiKeys[${k}].sha256`, message: "is the hash of another key here" });
    }
    keys.add(key.name);
    hashes.add(key.sha256);
  });
  const prefixes = new Set<string>();
  config.locks.forEach(({ prefix }, l) => {
    if (prefixes.has(prefix)) {
      faults.push({ path: `locks[${l}].prefix`, message: `"${prefix}" is used twice` });
    }
    prefixes.add(prefix);
  });
  checkCaches(config, faults);
  checkPartitions(config, faults);
  const { pool } = config.database;
  if (pool.min > pool.max) {
    faults.push({
      path: "database.pool.min",
      message: `must be at most max (${pool.max}), received ${pool.min}`,
    });
  }
  const { sharding } = config;
  const unknownShard = (path: string, shard: string) =>
    faults.push({ path, message: `names no shard: "${shard}"` });
  if (sharding.strategy === "buckets") {
    for (const shard of Object.keys(sharding.map)) {
      if (!shards.has(shard)) unknownShard(`sharding.map.${shard}`, shard);
    }
    try {
      readBuckets(sharding.map);
    } catch (error) {
      const message = error instanceof Error ? error.message : `${error}`;
      faults.push({ path: "sharding.map", message });
    }
  }
  if (sharding.strategy === "map") {
    for (const [value, shard] of Object.entries(sharding.map)) {
      if (!shards.has(shard)) unknownShard(`sharding.map.${value}`, shard);
    }
    if (sharding.default !== undefined && !shards.has(sharding.default)) {
      unknownShard("sharding.default", sharding.default);
    }
  }
  return faults;
}

/** Room for the longest value with its key and its tags. */
const LEAST_BYTES = 2 * MAX_VALUE_BYTES;

function checkCaches({ caches }: Config, faults: ConfigFault[]): void {
  for (const [name, { writable, ttl, swr, maxBytes }] of Object.entries(caches)) {
    if (!writable) continue;
    const fault = (setting: string, message: string) =>
      faults.push({ path: `caches.${name}.${setting}`, message });
    const { min, max } = ENTRY_TTL_MS;
    if (ttl < min || ttl > max) {
      fault("ttl", `must be from ${min} to ${max} ms in a writable cache, received ${ttl}`);
    }
    if (swr !== 0) fault("swr", "means nothing in a writable cache: nobody loads its entries anew");
    if (maxBytes < LEAST_BYTES) {
      fault(
        "maxBytes",
        `must be at least ${LEAST_BYTES} in a writable cache, received ${maxBytes}`,
      );
    }
  }
}

const PERIOD_MS = { hour: 3_600_000, day: 86_400_000, week: 604_800_000, month: 2_678_400_000 };

function checkPartitions({ partitions }: Config, faults: ConfigFault[]): void {
  for (const [table, rule] of Object.entries(partitions)) {
    if (rule.by !== "range" || rule.keep === undefined) continue;
    if (rule.keep >= PERIOD_MS[rule.period]) continue;
    faults.push({
      path: `partitions.${table}.keep`,
      message: `must be at least one ${rule.period}, received ${rule.keep} ms`,
    });
  }
}
