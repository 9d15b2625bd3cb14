import type { Scope } from "../core/scope.ts";
import type { SeriesKey } from "../monitor/query_metrics.ts";
import type { SlowSample } from "../monitor/statement_metrics.ts";
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
  const { compiled, shard, source, times, openedAt, bytes } = call;
  const now = clock.now();
  const totalMs = now - openedAt;
  // What others loaded for it has no times of its own.
  const encodeMs = times.answeredAt === 0 ? 0 : now - times.answeredAt;
  const { rows, queueMs, executeMs } = times;
  const key = keyOf(compiled, shard);
  metrics.recordQuery({ ...key, totalMs, encodeMs, rows, bytes }, now);
  if (totalMs < metrics.slow.fromMs) return;
  const parts = { totalMs, queueMs, executeMs, encodeMs };
  metrics.slow.add({ ...sampleOf(compiled, shard), at: clock.wallMs(), source, ...parts, rows });
}

/** Counts a call that a cache answered. */
export function countHit(
  { metrics }: Parts,
  call: { readonly compiled: CompiledStatement; readonly shard: string; readonly bytes: number },
): void {
  metrics?.recordHit(keyOf(call.compiled, call.shard), call.bytes);
}

/**
 * Counts a call that failed, wherever on its way; one that took long is kept as a sample.
 *
 * @param call.bound `undefined` where its parameters were not bound
 * @param call.scope `undefined` where it had not got one yet
 */
export function countFailure(
  parts: Parts,
  call: {
    readonly compiled: CompiledStatement;
    readonly bound: Bound | undefined;
    readonly scope: Scope | undefined;
    readonly error: unknown;
  },
): void {
  const { metrics, clock } = parts;
  if (metrics === undefined) return;
  const { compiled, bound, scope } = call;
  const { code } = toRealmgateError(call.error);
  const totalMs = scope === undefined ? 0 : clock.now() - scope.openedAt;
  const shard = shardOf(parts, compiled, bound);
  metrics.recordFailure(keyOf(compiled, shard), { code, totalMs });
  if (totalMs < metrics.slow.fromMs) return;
  const unknown = { queueMs: 0, executeMs: 0, encodeMs: 0, rows: 0 };
  const sample = sampleOf(compiled, shard);
  metrics.slow.add({ ...sample, at: clock.wallMs(), source: code, totalMs, ...unknown });
}

/** What a sample says of its statement. */
function sampleOf(
  compiled: CompiledStatement,
  shard: string,
): Pick<SlowSample, "statement" | "shard" | "params" | "plan"> {
  const { statement, facts } = compiled;
  return {
    statement: statement.name,
    shard: keyOf(compiled, shard).shard,
    params: Object.fromEntries(statement.params.map(({ name, type }) => [name, typeText(type)])),
    plan: facts?.plans?.find((plan) => plan.shard === shard)?.fingerprint ?? null,
  };
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
