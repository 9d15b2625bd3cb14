import { z } from "zod";
import { alerts } from "./alert_schema.ts";
import { partition, tableName } from "./partition_schema.ts";
import { redis } from "./redis_schema.ts";
import { address, count, duration, flag, positiveDuration } from "./scalars.ts";

const name = z.string().regex(/^[a-z0-9][a-z0-9_-]{0,62}$/i, "must be letters, digits, - and _");
const scopeName = z.string().regex(/^[a-z0-9_-]+(:[a-z0-9_-]+)*$/, "must look like economy:write");
const node = z.strictObject({
  name,
  address,
  weight: count(0, 1_000).default(1),
});

const shard = z.strictObject({
  name,
  role: z.enum(["auto", "fixed"]).default("auto"),
  nodes: z.array(node).min(1),
});

const sharding = z.discriminatedUnion("strategy", [
  z.strictObject({ strategy: z.literal("modulo") }),
  z.strictObject({
    strategy: z.literal("buckets"),
    /** Ranges such as `s1: ["0-511"]`; all 1,024 must be given, each once. */
    map: z.record(z.string(), z.array(z.string().regex(/^\d+(-\d+)?$/))),
  }),
  z.strictObject({
    strategy: z.literal("map"),
    map: z.record(z.string(), z.string()),
    default: z.string().optional(),
  }),
]);

const pool = z.strictObject({
  min: count(0).default(0),
  max: count(1, 1_000).default(8),
  acquireTimeout: positiveDuration.default(2_000),
  waitersPerConnection: count(0, 1_000).default(4),
  validateAfterIdle: duration.default(500),
  idleTimeout: positiveDuration.default(300_000),
  maxLifetime: positiveDuration.default(1_800_000),
  leakWarning: positiveDuration.default(10_000),
});

const database = z.strictObject({
  user: z.string().min(1),
  password: z.string(),
  name: z.string().min(1),
  tls: z.strictObject({
    /** Path of the authority's certificate (PEM). */
    ca: z.string().optional(),
    verifyIdentity: flag.default(true),
  }).optional(),
  /** Whether the servers are reached through a proxy, where KILL would hit the wrong session. */
  proxied: flag.default(false),
  pool: pool.prefault({}),
});

const apiKey = z.strictObject({
  name,
  /** SHA-256 of the key, in hexadecimal. */
  sha256: z.string().regex(/^[0-9a-f]{64}$/i, "must be 64 hexadecimal digits").transform((text) =>
    text.toLowerCase()
  ),
  scopes: z.array(scopeName).min(1),
});

const lockRule = z.strictObject({
  /** What the names of these locks begin with; the longest prefix counts. */
  prefix: z.string().regex(/^[A-Za-z0-9._:@/-]{1,128}$/, "must be the beginning of a lock's name"),
  /** Where their fences come from: `sql` does not depend on Redis, and costs a write. */
  fence: z.enum(["redis", "sql"]),
});

const cache = z.strictObject({
  /** Bounds of each isolate's share; the least recently used entries go first. */
  maxEntries: count(1, 10_000_000).default(10_000),
  maxBytes: count(1_024).default(64 * 1_048_576),
  ttl: duration.default(30_000),
  /** How long "no row" is believed, if that is shorter. */
  negativeTtl: duration.default(5_000),
  /** For how long past its time an entry is answered while another is loaded. */
  swr: duration.default(0),
  /** For how long it answers, as `stale`, when Redis cannot be heard; 0 is a strict cache. */
  lenient: duration.default(0),
  /** Whether clients put entries into it over HTTP; then no statement may name it. */
  writable: flag.default(false),
});

/** The configuration file's shape; see the README's table for what each setting does. */
export const configSchema = z.strictObject({
  /** Prefix of everything the fleet keeps in Redis. */
  fleet: name.default("realmgate"),
  listen: z.strictObject({
    hostname: z.string().default("0.0.0.0"),
    port: count(0, 65_535).default(8_080),
    isolates: count(1, 64).default(2),
  }).prefault({}),
  statements: z.string().default("statements"),
  strict: flag.default(false),
  shards: z.array(shard).min(1),
  sharding: sharding.default({ strategy: "modulo" }),
  database,
  replicas: z.strictObject({
    maxLag: duration.default(5_000),
    /** Whether reads may go to the primary when no replica may take them. */
    fallbackToPrimary: flag.default(true),
  }).prefault({}),
  redis,
  apiKeys: z.array(apiKey).min(1),
  locks: z.array(lockRule).default([]),
  caches: z.record(name, cache).default({}),
  /** Tables that are partitioned, by name; every shard has each of them. */
  partitions: z.record(tableName, partition).default({}),
  alerts: alerts.prefault({}),
  limits: z.strictObject({
    bodyBytes: count(1_024).default(1_048_576),
    /** The longest deadline that a caller may ask for. */
    maxDeadline: positiveDuration.default(30_000),
    /** Requests under way per isolate; past it the answer is 503 `overloaded`. */
    concurrentRequests: count(1).default(4_096),
    resultBytes: count(1_024).default(16 * 1_048_576),
  }).prefault({}),
  docs: z.strictObject({
    /** Whether `/docs` and `/openapi.json` answer without a key. */
    open: flag.default(true),
  }).prefault({}),
  monitor: z.strictObject({
    /** Whether calls are counted and timed; health, alerts and the rest go on without. */
    queries: flag.default(true),
    /** From where on a call is kept as a sample of slow ones. */
    slow: duration.default(100),
  }).prefault({}),
  metrics: z.strictObject({
    /** Whether `/metrics` answers without a key. */
    open: flag.default(false),
  }).prefault({}),
  log: z.strictObject({
    level: z.enum(["DEBUG", "INFO", "WARN", "ERROR"]).default("INFO"),
  }).prefault({}),
});

/** A configuration that was checked and completed; durations are milliseconds. */
export type Config = z.output<typeof configSchema>;
