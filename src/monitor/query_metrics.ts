import type { Clock } from "../core/clock.ts";
import type { PhasePairs } from "./latency_pairs.ts";
import { LatencyWindow } from "./latency_window.ts";
import { SlowSamples } from "./slow_samples.ts";
import {
  CALL_BOUNDS_MS,
  type Phase,
  type SlowSample,
  type StatementCounts,
} from "./statement_metrics.ts";

/** Which statement a count is of, and where. */
export interface SeriesKey {
  readonly statement: string;
  /** `*` where it concerns several shards, `-` where none was chosen. */
  readonly shard: string;
  readonly kind: "read" | "write";
}

/** What one isolate counted of one statement on one shard since it started. */
export interface StatementReport extends SeriesKey {
  readonly counts: StatementCounts;
  /** Of the last five minutes; only where it was asked for. */
  readonly latency?: PhasePairs;
}

/** A call that a database answered. */
export interface AnsweredCall extends SeriesKey {
  readonly totalMs: number;
  readonly encodeMs: number;
  readonly rows: number;
  /** Characters of the body. */
  readonly bytes: number;
}

/** Beyond this new ones are counted together; more are not in a registry that people write. */
const MAX_SERIES = 5_000;
/** Slow calls that are told. */
const MAX_TOLD = 50;
/** What is counted together then. */
const OTHERS = "(others)";

/**
 * What an isolate counts of the statements it runs. Recording costs well under a microsecond and
 * allocates nothing; it is read seldom.
 */
export class QueryMetrics {
  /** The calls that took long. */
  readonly slow: SlowSamples;
  readonly #clock: Clock;
  readonly #series = new Map<string, Map<string, Series>>();
  #size = 0;

  /** @param options.slowMs from where on a call is kept as a sample, in milliseconds */
  constructor(options: { readonly clock: Clock; readonly slowMs: number }) {
    this.#clock = options.clock;
    this.slow = new SlowSamples(options.slowMs);
  }

  /**
   * Counts a call that a database answered.
   *
   * @param now when it ended, on the clock's `now()`
   */
  recordQuery(call: AnsweredCall, now: number): void {
    const series = this.#of(call);
    const { totalMs } = call;
    series.calls++;
    series.rows += call.rows;
    series.bytes += call.bytes;
    series.callMs += totalMs;
    series.bucket(totalMs);
    series.latency.total.record(totalMs, now);
    series.latency.encode.record(call.encodeMs, now);
  }

  /**
   * Counts a call that a cache answered. It took some microseconds: it is counted in the first
   * bucket, without being timed, and left out of the percentiles.
   */
  recordHit(key: SeriesKey, bytes: number): void {
    const series = this.#of(key);
    series.calls++;
    series.cached++;
    series.bytes += bytes;
    series.bucket(0);
  }

  /** Counts a call that failed, with the error's code and how long it took until then, 0 if no time. */
  recordFailure(
    key: SeriesKey,
    failure: { readonly code: string; readonly totalMs: number },
  ): void {
    const series = this.#of(key);
    const { code, totalMs } = failure;
    series.calls++;
    series.errors[code] = (series.errors[code] ?? 0) + 1;
    series.callMs += totalMs;
    series.bucket(totalMs);
    if (totalMs > 0) series.latency.total.record(totalMs, this.#clock.now());
  }

  /**
   * Counts a query that was sent to a database: what it waited for its connection, and what it took,
   * in milliseconds.
   */
  recordExecution(
    key: SeriesKey,
    query: {
      readonly queueMs: number;
      readonly executeMs: number;
      readonly now: number;
      /** How many keys it read at once. */
      readonly keys: number;
    },
  ): void {
    const { queueMs, executeMs, now, keys } = query;
    const series = this.#of(key);
    series.queries++;
    if (keys > 1) series.batched += keys;
    series.queryMs += executeMs;
    series.latency.queue.record(queueMs, now);
    series.latency.execute.record(executeMs, now);
  }

  /** What was counted, with the latencies of the last minutes if they are asked for. */
  report(options: { readonly latency: boolean }): StatementReport[] {
    const now = this.#clock.now();
    return [...this.#series.values()].flatMap((shards) =>
      [...shards.values()].map((series): StatementReport => ({
        ...series.key,
        counts: series.counts(),
        ...(options.latency ? { latency: series.pairs(now) } : {}),
      }))
    );
  }

  /** The calls that took long, the newest first. */
  slowest(): readonly SlowSample[] {
    return this.slow.list().slice(0, MAX_TOLD);
  }

  #of(key: SeriesKey): Series {
    return this.#series.get(key.statement)?.get(key.shard) ?? this.#make(key);
  }

  #make(key: SeriesKey): Series {
    const { statement, shard, kind } = this.#size < MAX_SERIES
      ? key
      : { ...key, statement: OTHERS, shard: "*" };
    let shards = this.#series.get(statement);
    if (shards === undefined) this.#series.set(statement, shards = new Map());
    let series = shards.get(shard);
    if (series === undefined) {
      shards.set(shard, series = new Series({ statement, shard, kind }));
      this.#size++;
    }
    return series;
  }
}

class Series {
  calls = 0;
  cached = 0;
  batched = 0;
  rows = 0;
  bytes = 0;
  queries = 0;
  queryMs = 0;
  callMs = 0;
  readonly errors: Record<string, number> = {};
  readonly latency: Readonly<Record<Phase, LatencyWindow>> = {
    total: new LatencyWindow(),
    queue: new LatencyWindow(),
    execute: new LatencyWindow(),
    encode: new LatencyWindow(),
  };
  readonly key: SeriesKey;
  readonly #buckets: number[] = new Array(CALL_BOUNDS_MS.length + 1).fill(0);

  constructor(key: SeriesKey) {
    this.key = key;
  }

  bucket(ms: number): void {
    let at = 0;
    while (at < CALL_BOUNDS_MS.length && ms > (CALL_BOUNDS_MS[at] as number)) at++;
    this.#buckets[at] = (this.#buckets[at] as number) + 1;
  }

  counts(): StatementCounts {
    const { calls, cached, batched, rows, bytes, queries, queryMs, callMs } = this;
    const [errors, callBuckets] = [{ ...this.errors }, [...this.#buckets]];
    return { calls, cached, batched, rows, bytes, queries, queryMs, callMs, errors, callBuckets };
  }

  pairs(now: number): PhasePairs {
    const { total, queue, execute, encode } = this.latency;
    return {
      total: total.pairs(now),
      queue: queue.pairs(now),
      execute: execute.pairs(now),
      encode: encode.pairs(now),
    };
  }
}
