// @ts-check
// Statements over all their shards.

/** @typedef {import("../../../monitor/statement_metrics.ts").StatementMetrics} StatementMetrics */
/**
 * `p99` is the worst shard's, `mean` that of all calls; both of the last five minutes. `dbShare` is
 * milliseconds of databases a second.
 *
 * @typedef {{
 *   statement: string, kind: "read" | "write", shards: number, calls: number, errors: number,
 *   failing: number, mean: number | null, p99: number | null, dbMs: number, cached: number | null,
 *   rows: number,
 * }} StatementRow
 */

/**
 * @param {readonly StatementMetrics[]} statements
 * @returns {StatementRow[]} rates are of the last seconds that the service counted
 */
export function statementRows(statements) {
  const groups = Map.groupBy(statements, ({ statement }) => statement);
  return [...groups.values()].map(rowOf);
}

/**
 * @param {readonly StatementMetrics[]} group
 * @returns {StatementRow}
 */
function rowOf(group) {
  const [first] = group;
  if (first === undefined) throw new Error("Cannot make a row: it must have a shard");
  const perSecond = (/** @type {(metrics: StatementMetrics) => number} */ what) =>
    group.reduce((sum, metrics) => sum + what(metrics) / Math.max(1, metrics.recent.seconds), 0);
  const calls = perSecond(({ recent }) => recent.calls);
  const errors = perSecond(({ recent }) => failures(recent.errors));
  const cached = perSecond(({ recent }) => recent.cached);
  const counted = group.reduce((sum, { latency }) => sum + latency.total.count, 0);
  const spent = group.reduce((sum, { latency: { total } }) => sum + total.mean * total.count, 0);
  return {
    statement: first.statement,
    kind: first.kind,
    shards: group.length,
    calls,
    errors,
    failing: calls > 0 ? errors / calls : 0,
    mean: counted > 0 ? spent / counted : null,
    p99: counted > 0 ? Math.max(...group.map(({ latency }) => latency.total.p99)) : null,
    dbMs: perSecond(({ recent }) => recent.queryMs),
    cached: first.kind === "read" && calls > 0 ? cached / calls : null,
    rows: perSecond(({ recent }) => recent.rows),
  };
}

/**
 * How many calls failed, with whatever.
 *
 * @param {Readonly<Record<string, number>>} errors
 */
export function failures(errors) {
  return Object.values(errors).reduce((sum, n) => sum + n, 0);
}
