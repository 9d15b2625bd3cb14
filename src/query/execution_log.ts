import type { Clock } from "../core/clock.ts";
import type { QueryMetrics, SeriesKey } from "../monitor/query_metrics.ts";
import type { ShardSpec } from "../routing/topology.ts";
import type { CompiledStatement } from "./compiled_statement.ts";
import type { CallTimes } from "./timings.ts";

/** A query that ended, with whatever. */
export interface Execution {
  readonly node: string;
  readonly compiled: CompiledStatement;
  /** Since when its connection was waited for, on the clock's `now()`; an idle one is not. */
  readonly waitedFrom: number | undefined;
  /** When it was lent. */
  readonly lentAt: number;
  /** When the query was sent, where its node was waited for first. @default {when it was lent} */
  readonly sentAt?: number;
  /** Those of the call that it is for, if it is for one. */
  readonly times: CallTimes | undefined;
  /** How many keys it read at once. @default {1} */
  readonly keys?: number;
}

/** Where every query that was sent to a database is counted, by its statement and shard. */
export class ExecutionLog {
  readonly #clock: Clock;
  readonly #metrics: Pick<QueryMetrics, "recordExecution">;
  readonly #shardOf: ReadonlyMap<string, string>;

  constructor(
    options: {
      readonly clock: Clock;
      readonly metrics: Pick<QueryMetrics, "recordExecution">;
      readonly shards: readonly Pick<ShardSpec, "name" | "nodes">[];
    },
  ) {
    this.#clock = options.clock;
    this.#metrics = options.metrics;
    this.#shardOf = new Map(
      options.shards.flatMap(({ name, nodes }) => nodes.map((node) => [node.name, name])),
    );
  }

  /** The present, for {@linkcode Execution.waitedFrom}. */
  now(): number {
    return this.#clock.now();
  }

  /** Counts a query, and tells the call that it is for. */
  ended(execution: Execution): void {
    const { node, compiled, waitedFrom, lentAt, sentAt = lentAt, times, keys = 1 } = execution;
    const now = this.#clock.now();
    const queueMs = waitedFrom === undefined ? 0 : Math.max(0, lentAt - waitedFrom);
    const executeMs = now - sentAt;
    this.#metrics.recordExecution(this.#keyOf(node, compiled), { queueMs, executeMs, now, keys });
    if (times === undefined) return;
    times.queueMs += queueMs;
    times.executeMs += executeMs;
    times.answeredAt = now;
  }

  #keyOf(node: string, { statement: { name, kind } }: CompiledStatement): SeriesKey {
    return {
      statement: name,
      shard: this.#shardOf.get(node) ?? "-",
      kind: kind === "exec" ? "write" : "read",
    };
  }
}
