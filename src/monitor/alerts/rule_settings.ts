import type { AlertRule } from "../alert.ts";

/** How one rule is applied. */
export interface RuleSettings {
  readonly enabled: boolean;
  /** From where on it is too much, in the rule's own unit; `null` where nothing is measured. */
  readonly threshold: number | null;
  /** How long it must hold before it is raised, in milliseconds. */
  readonly forMs: number;
  /** How long it must be over before it is cleared, in milliseconds. */
  readonly clearMs: number;
}

/** Every rule with its settings. */
export type AllRuleSettings = Readonly<Record<AlertRule, RuleSettings>>;

/** What a threshold is a number of. */
export type ThresholdUnit = "milliseconds" | "share" | "count";

/**
 * What each rule's threshold means; rules that are not here have none.
 *
 * `statement_slow`: a query that takes less on average is never slow, whatever it took before.
 * `pool_saturated`: callers of one node that were refused in the last ten seconds. `lock_expired`:
 * locks in the last half minute. `partition_missing`: how far ahead there must be partitions, less
 * where a table's are made less far ahead.
 */
export const THRESHOLD_UNITS = {
  replication_lag: "milliseconds",
  connections_near_limit: "share",
  pool_saturated: "count",
  error_rate: "share",
  statement_slow: "milliseconds",
  lock_expired: "count",
  partition_missing: "milliseconds",
} as const satisfies Partial<Record<AlertRule, ThresholdUnit>>;

/**
 * The settings of all rules. Their order is that of causes and effects: what explains others comes
 * first, and holds for a shorter time before it is raised, so that it is known before its effects
 * are. Replication is asked about every ten seconds only, so what it explains waits for that long.
 */
export const RULE_DEFAULTS: AllRuleSettings = {
  redis_down: rule(null, 1_000, 10_000),
  isolate_lost: rule(null, 4_000, 10_000),
  node_down: rule(null, 3_000, 10_000),
  split_brain: rule(null, 2_000, 10_000),
  // A planned switch takes some four seconds.
  no_primary: rule(null, 6_000, 10_000),
  replication_stopped: rule(null, 1_000, 12_000),
  connections_near_limit: rule(0.9, 5_000, 30_000),
  replication_lag: rule(5_000, 5_000, 10_000),
  semi_sync_inactive: rule(null, 12_000, 10_000),
  coherence_lost: rule(null, 8_000, 10_000),
  plan_change: rule(null, 0, 10_000),
  pool_saturated: rule(5, 6_500, 20_000),
  statement_slow: rule(10, 6_500, 60_000),
  error_rate: rule(0.05, 10_000, 30_000),
  lock_expired: rule(1, 0, 30_000),
  partition_missing: rule(86_400_000, 0, 10_000),
};

/** A value must fall below this share of its threshold before it counts as over. */
export const CLEAR_SHARE = 0.8;

/** The rules in the order in which they are judged. */
export const RULES = Object.keys(RULE_DEFAULTS) as readonly AlertRule[];

function rule(threshold: number | null, forMs: number, clearMs: number): RuleSettings {
  return { enabled: true, threshold, forMs, clearMs };
}
