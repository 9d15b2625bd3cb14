import type { StatementMetrics } from "../statement_metrics.ts";
import type { AlertFacts, Past } from "./alert_facts.ts";
import { type Condition, type Failures, level, listed } from "./condition.ts";
import type { AllRuleSettings } from "./rule_settings.ts";

/** Calls that must have ended before a share of them says something. */
const LEAST_CALLS = 20;
/** Failures that make a share of few calls an accident. */
const LEAST_FAILURES = 5;

/**
 * The codes that are no fault of the caller's. A deadlock or a lock that is held is the game's own
 * affair, and a process that stops says so.
 */
export const FAULTS: ReadonlySet<string> = new Set([
  "internal",
  "pool_saturated",
  "overloaded",
  "shard_unavailable",
  "no_primary",
  "split_brain",
  "statement_unavailable",
  "redis_unavailable",
  "lock_outcome_unknown",
  "write_outcome_unknown",
  "deadline_exceeded",
]);

/** Callers that find no connection. One per node, whichever isolates they are in. */
export function poolConditions(
  { view }: AlertFacts,
  { past, settings }: { readonly past: Past; readonly settings: AllRuleSettings },
): Condition[] {
  const { threshold } = settings.pool_saturated;
  if (threshold === null) return [];
  return view.nodes.flatMap(({ node, shard }) => {
    const refused = past.refused.get(node) ?? 0;
    const stuck = past.stuck.has(node);
    const found = stuck
      ? { raises: true, value: refused, threshold }
      : level(refused, Math.max(threshold, 1));
    if (found === undefined) return [];
    const how = stuck ? ", and none is given back" : "";
    return [{
      rule: "pool_saturated",
      key: node,
      subject: { shard, node },
      place: { shards: [shard], node },
      ...found,
      severity: "critical",
      summary: `the connections to ${node} are all in use${how}: ` +
        `${refused} callers were refused in 10 s`,
      advice: "Look at the slow statements of this shard and at who holds locks there " +
        "(/v1/monitor/queries, SHOW PROCESSLIST); raise database.pool.max if the server has room.",
    }];
  });
}

/**
 * Calls that fail by no fault of their callers: one condition per shard, and one for those that
 * concern several shards or failed before one was chosen.
 */
export function errorConditions(
  { view }: AlertFacts,
  { settings }: { readonly settings: AllRuleSettings },
): Condition[] {
  const shards = Map.groupBy(view.statements, ({ shard }) => shard === "-" ? "*" : shard);
  return [...shards].flatMap(([shard, metrics]) => {
    const failures = failuresOf(metrics, shard === "*" ? callsOfAll(view.statements, metrics) : 0);
    const found = errorLevel(failures, settings);
    if (found === undefined) return [];
    const failing = metrics.filter((one) => failed(failuresOf([one])) > 0)
      .sort((a, b) => failed(failuresOf([b])) - failed(failuresOf([a])))
      .map(({ statement }) => statement);
    const [only, second] = failing;
    const several = shard === "*";
    return [{
      rule: "error_rate",
      key: shard,
      subject: several ? {} : { shard },
      place: {
        shards: [shard],
        ...(only !== undefined && second === undefined ? { statement: only } : {}),
      },
      ...found,
      severity: "critical",
      summary: errorSummary(shard, { failures, failing }),
      advice: "Look at the errors of these statements (/v1/monitor/queries) and at the log.",
      failures,
    }];
  });
}

/** How far failures are over the threshold; `undefined` where they are too few to tell. */
export function errorLevel(
  failures: Failures,
  settings: AllRuleSettings,
): ReturnType<typeof level> {
  const { threshold } = settings.error_rate;
  const count = failed(failures);
  if (threshold === null || failures.calls < LEAST_CALLS || count < LEAST_FAILURES) {
    return undefined;
  }
  return level(count / failures.calls, threshold);
}

/** Calls of these statements that a shard answered: what fails before one is chosen is among them. */
function callsOfAll(
  all: readonly StatementMetrics[],
  some: readonly StatementMetrics[],
): number {
  const names = new Set(some.map(({ statement }) => statement));
  return all.reduce(
    (sum, { statement, shard, recent }) =>
      names.has(statement) && shard !== "-" && shard !== "*" ? sum + recent.calls : sum,
    0,
  );
}

function failuresOf(metrics: readonly StatementMetrics[], answered = 0): Failures {
  const byCode: Record<string, number> = {};
  let calls = answered;
  for (const { recent } of metrics) {
    calls += recent.calls;
    for (const [code, count] of Object.entries(recent.errors)) {
      if (FAULTS.has(code) && count > 0) byCode[code] = (byCode[code] ?? 0) + count;
    }
  }
  return { calls, byCode };
}

function failed({ byCode }: Failures): number {
  return Object.values(byCode).reduce((sum, count) => sum + count, 0);
}

function errorSummary(
  shard: string,
  { failures, failing }: { readonly failures: Failures; readonly failing: readonly string[] },
): string {
  const share = (100 * failed(failures) / failures.calls).toFixed(1);
  const where = shard === "*" ? "of no single shard" : `on ${shard}`;
  const codes = Object.entries(failures.byCode).sort(([, a], [, b]) => b - a)
    .map(([code, count]) => `${code} ${count}`);
  return `${share} % of the calls ${where} fail (${listed(codes)}): ${listed(failing)}`;
}
