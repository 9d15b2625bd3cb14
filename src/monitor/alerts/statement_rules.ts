import type { StatementMetrics } from "../statement_metrics.ts";
import { type AlertFacts, cellOf, type Past } from "./alert_facts.ts";
import { meanQueryMs, SLOW_TIMES } from "./alert_memory.ts";
import { type Condition, level, listed, UNMEASURED } from "./condition.ts";
import type { AllRuleSettings } from "./rule_settings.ts";

/** So many statements of a shard at once are the shard's trouble, if they are half of them. */
const LEAST_OF_SHARD = 3;

interface Slow {
  readonly statement: string;
  readonly shard: string;
  readonly ms: number;
  readonly usualMs: number;
  readonly found: NonNullable<ReturnType<typeof level>>;
}

/**
 * Statements that take much longer than they did: one condition per statement, whatever shards it is
 * slow on; where half of a shard's statements are, one for the shard.
 */
export function slowConditions(
  { view }: AlertFacts,
  { past, settings }: { readonly past: Past; readonly settings: AllRuleSettings },
): Condition[] {
  const { threshold } = settings.statement_slow;
  if (threshold === null) return [];
  const judged = new Map<string, number>();
  const slow: Slow[] = [];
  for (const metrics of view.statements) {
    const one = judge(metrics, { past, threshold });
    if (one === undefined) continue;
    const { shard } = metrics;
    judged.set(shard, (judged.get(shard) ?? 0) + 1);
    if (one !== "usual") slow.push(one);
  }
  const shards = Map.groupBy(slow, ({ shard }) => shard);
  const whole = [...shards].filter(([shard, found]) =>
    found.length >= LEAST_OF_SHARD && 2 * found.length >= (judged.get(shard) ?? 0)
  );
  return [
    ...whole.map(([shard, found]) => slowShard(shard, found)),
    ...[...Map.groupBy(slow, ({ statement }) => statement).values()].map(slowStatement),
  ];
}

/** Statements whose plans became worse: one condition each. */
export function planConditions({ plans = {} }: AlertFacts): Condition[] {
  return Object.entries(plans).flatMap(([statement, worse]) => {
    const [first] = worse;
    if (first === undefined) return [];
    const shards = worse.map(({ shard }) => shard);
    return [{
      rule: "plan_change",
      key: statement,
      subject: { statement, ...single(shards) },
      place: { shards, statement, ...(first.why[0] === undefined ? {} : { reason: first.why[0] }) },
      ...UNMEASURED,
      severity: "warning",
      summary: `the plan of ${statement} became worse on ${listed(shards)}: ${listed(first.why)}`,
      advice: `Compare the plans of /v1/statements/${statement}: an index may be missing, or the ` +
        "table's statistics be old (ANALYZE TABLE).",
    }];
  });
}

/** `undefined` where nothing can be said of it. */
function judge(
  metrics: StatementMetrics,
  { past, threshold }: { readonly past: Past; readonly threshold: number },
): Slow | "usual" | undefined {
  const ms = meanQueryMs(metrics);
  const usualMs = past.usualMs.get(cellOf(metrics));
  if (ms === undefined || usualMs === undefined) return undefined;
  const found = level(ms, Math.max(threshold, usualMs * SLOW_TIMES));
  if (found === undefined) return "usual";
  return { statement: metrics.statement, shard: metrics.shard, ms, usualMs, found };
}

function slowStatement(found: readonly Slow[]): Condition {
  const [worst = NOTHING_SLOW] = found.toSorted((a, b) => b.ms - a.ms);
  const { statement } = worst;
  const shards = found.map(({ shard }) => shard);
  return {
    rule: "statement_slow",
    key: `statement ${statement}`,
    subject: { statement, ...single(shards) },
    place: { shards, statement },
    ...worst.found,
    raises: found.some((one) => one.found.raises),
    severity: "warning",
    summary: `a query of ${statement} takes ${shown(worst.ms)} ms on ${listed(shards)}, ` +
      `usually ${shown(worst.usualMs)} ms`,
    advice: `Look at its plan (/v1/statements/${statement}) and whether an index was dropped, a ` +
      "table has grown or rows are locked.",
  };
}

function slowShard(shard: string, found: readonly Slow[]): Condition {
  const [worst = NOTHING_SLOW] = found.toSorted((a, b) => b.ms / b.usualMs - a.ms / a.usualMs);
  const raising = found.filter(({ found }) => found.raises);
  return {
    rule: "statement_slow",
    key: `shard ${shard}`,
    subject: { shard },
    place: { shards: [shard] },
    ...worst.found,
    raises: raising.length >= LEAST_OF_SHARD,
    severity: "critical",
    summary: `${found.length} statements are slow on ${shard}: ` +
      listed(found.map(({ statement }) => statement)),
    advice: "Look at the load, the disks and the locks of this shard's servers.",
  };
}

/** What an empty list would have; none is. */
const NOTHING_SLOW: Slow = {
  statement: "",
  shard: "",
  ms: 0,
  usualMs: 0,
  found: { raises: false, value: 0, threshold: 0 },
};

function single(shards: readonly string[]): { readonly shard?: string } {
  const [only, second] = shards;
  return only === undefined || second !== undefined ? {} : { shard: only };
}

function shown(ms: number): string {
  return ms.toFixed(ms < 10 ? 2 : 0);
}
