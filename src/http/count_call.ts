import type { SeriesKey } from "../monitor/query_metrics.ts";
import type { Bound, CompiledStatement } from "../query/compiled_statement.ts";
import type { CallTimes } from "../query/timings.ts";
import type { Parts } from "./parts.ts";
import { toRealmgateError } from "./problem.ts";
import { typeText } from "./type_text.ts";

/** What a call that was answered is counted by. */
export interface CountedAnswer {
  readonly compiled: CompiledStatement;
  /** Where it was answered; several shards are one series. */
  readonly shard: string;
  readonly source: string;
  readonly times: CallTimes;
  /** When it began, on the clock's `now()`. */
  readonly openedAt: number;
  /** Characters of the body. */
  readonly bytes: number;
}

/** Counts a call that a database answered; one that took long is kept as a sample. */
export function countAnswer({ metrics, clock }: Parts, call: CountedAnswer): void {
  if (metrics === undefined) return;
  const { compiled, shard, times, openedAt, bytes } = call;
  const now = clock.now();
  const totalMs = now - openedAt;
  // What others loaded for it has no times of its own.
  const encodeMs = times.answeredAt === 0 ? 0 : now - times.answeredAt;
  const { rows } = times;
  const key = keyOf(compiled, shard);
  metrics.recordQuery({ ...key, totalMs, encodeMs, rows, bytes }, now);
  if (totalMs < metrics.slow.fromMs) return;
  const { queueMs, executeMs } = times;
  metrics.slow.add({
    at: clock.wallMs(),
    statement: key.statement,
    shard: key.shard,
    source: call.source,
    totalMs,
    queueMs,
    executeMs,
    encodeMs,
    rows,
    params: Object.fromEntries(
      compiled.statement.params.map(({ name, type }) => [name, typeText(type)]),
    ),
    plan: compiled.facts?.plans?.find((plan) => plan.shard === shard)?.fingerprint ?? null,
  });
}

/** Counts a call that a cache answered. */
export function countHit(
  { metrics }: Parts,
  call: { readonly compiled: CompiledStatement; readonly shard: string; readonly bytes: number },
): void {
  metrics?.recordHit(keyOf(call.compiled, call.shard), call.bytes);
}

/**
 * Counts a call that failed.
 *
 * @param call.bound `undefined` where its parameters were refused
 */
export function countFailure(
  parts: Parts,
  call: {
    readonly compiled: CompiledStatement;
    readonly bound: Bound | undefined;
    readonly openedAt: number;
    readonly error: unknown;
  },
): void {
  if (parts.metrics === undefined) return;
  const { compiled, bound, openedAt } = call;
  const { code } = toRealmgateError(call.error);
  const totalMs = parts.clock.now() - openedAt;
  parts.metrics.recordFailure(keyOf(compiled, shardOf(parts, compiled, bound)), { code, totalMs });
}

/** Counts a call whose parameters were refused. */
export function countRefusal(parts: Parts, compiled: CompiledStatement, error: unknown): void {
  countFailure(parts, { compiled, bound: undefined, openedAt: parts.clock.now(), error });
}

/** Binds the `params` of a JSON body; those that are refused are counted. */
export function bindBody(
  parts: Parts,
  compiled: CompiledStatement,
  call: { readonly params: unknown; readonly ids: readonly string[] | undefined },
): Bound {
  try {
    return compiled.bindJson(call.params, call.ids);
  } catch (error) {
    countRefusal(parts, compiled, error);
    throw error;
  }
}

function keyOf({ statement }: CompiledStatement, shard: string): SeriesKey {
  return {
    statement: statement.name,
    shard: statement.shard.by === "all" || statement.shard.by === "each" ? "*" : shard,
    kind: statement.kind === "exec" ? "write" : "read",
  };
}

/** Where a call would have gone; `-` where any shard would do, or its key is not known. */
function shardOf(parts: Parts, { statement: { shard } }: CompiledStatement, bound?: Bound): string {
  if (shard.by === "name") return shard.shard;
  return shard.by === "key" && bound?.shardKey !== undefined
    ? parts.shards.shardForKey(bound.shardKey)
    : "-";
}
