import { CALL_BOUNDS_MS, type StatementCounts } from "./statement_metrics.ts";

/** The counts of a statement that was never called. */
export const NO_COUNTS: StatementCounts = {
  calls: 0,
  errors: {},
  cached: 0,
  batched: 0,
  rows: 0,
  bytes: 0,
  queries: 0,
  queryMs: 0,
  callMs: 0,
  callBuckets: new Array(CALL_BOUNDS_MS.length + 1).fill(0),
};

/** What both counted. */
export function addCounts(one: StatementCounts, other: StatementCounts): StatementCounts {
  return combine(one, other, (a, b) => a + b);
}

/** What was counted since `before`. */
export function countsSince(now: StatementCounts, before: StatementCounts): StatementCounts {
  return combine(now, before, (a, b) => Math.max(0, a - b));
}

function combine(
  one: StatementCounts,
  other: StatementCounts,
  by: (a: number, b: number) => number,
): StatementCounts {
  const codes = new Set([...Object.keys(one.errors), ...Object.keys(other.errors)]);
  const errors = [...codes].map((code): [string, number] => [
    code,
    by(one.errors[code] ?? 0, other.errors[code] ?? 0),
  ]);
  return {
    calls: by(one.calls, other.calls),
    errors: Object.fromEntries(errors.filter(([, count]) => count > 0)),
    cached: by(one.cached, other.cached),
    batched: by(one.batched, other.batched),
    rows: by(one.rows, other.rows),
    bytes: by(one.bytes, other.bytes),
    queries: by(one.queries, other.queries),
    queryMs: by(one.queryMs, other.queryMs),
    callMs: by(one.callMs, other.callMs),
    callBuckets: one.callBuckets.map((count, at) => by(count, other.callBuckets[at] ?? 0)),
  };
}
