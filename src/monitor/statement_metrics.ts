/** Where the time of calls goes; all in milliseconds. */
export type Phase = "total" | "queue" | "execute" | "encode";

/** Where the buckets of calls end, in milliseconds; a last bucket has those that took longer. */
export const CALL_BOUNDS_MS = [0.5, 1, 2.5, 5, 10, 25, 50, 100, 250, 500, 1_000, 2_500, 5_000];

/** How long something took, of all that was counted in the last minutes; in milliseconds. */
export interface Latency {
  readonly count: number;
  readonly mean: number;
  readonly p50: number;
  readonly p90: number;
  readonly p99: number;
  readonly max: number;
}

/** What was counted since an isolate started; sums of isolates add up. */
export interface StatementCounts {
  /** Calls that ended, with whatever. */
  readonly calls: number;
  /** Calls that failed, by the error's code. */
  readonly errors: Readonly<Record<string, number>>;
  /** Of the calls: answered by a cache, fresh or stale. */
  readonly cached: number;
  /** Keys that were read by a query for several at once. */
  readonly batched: number;
  /** Rows that databases answered, or matched for writes; not those of cached answers. */
  readonly rows: number;
  /** Characters of JSON that were answered. */
  readonly bytes: number;
  /** Queries that were sent to a database, and how long it took them, in milliseconds. */
  readonly queries: number;
  readonly queryMs: number;
  /** How long the calls took, in milliseconds. */
  readonly callMs: number;
  /** How many calls took up to each of {@linkcode CALL_BOUNDS_MS} and longer than the one before. */
  readonly callBuckets: readonly number[];
}

/** One statement on one shard, over the isolates that are asked. */
export interface StatementMetrics {
  readonly statement: string;
  /** `*` where a call concerns several shards, `-` where it failed before one was chosen. */
  readonly shard: string;
  readonly kind: "read" | "write";
  readonly since: StatementCounts;
  /** What was counted in the last {@linkcode recent} seconds. */
  readonly recent: StatementCounts & { readonly seconds: number };
  /** Of the last five minutes. */
  readonly latency: Readonly<Record<Phase, Latency>>;
}

/** A call that took long. Its parameters are named, not told. */
export interface SlowSample {
  /** Unix milliseconds. */
  readonly at: number;
  readonly statement: string;
  readonly shard: string;
  /** `replica` or `primary`; of a call that failed, the error's code. */
  readonly source: string;
  readonly totalMs: number;
  readonly queueMs: number;
  readonly executeMs: number;
  readonly encodeMs: number;
  readonly rows: number;
  /** By name: the type as it is declared, such as `bigint`. */
  readonly params: Readonly<Record<string, string>>;
  /** The fingerprint of the plan that the statement had then on this shard. */
  readonly plan: string | null;
}
