/** The rules that can raise an alert. */
export type AlertRule =
  | "node_down"
  | "no_primary"
  | "split_brain"
  | "replication_stopped"
  | "replication_lag"
  | "semi_sync_inactive"
  | "connections_near_limit"
  | "pool_saturated"
  | "error_rate"
  | "statement_slow"
  | "plan_change"
  | "redis_down"
  | "coherence_lost"
  | "lock_expired"
  | "partition_missing"
  | "isolate_lost";

/** What an alert is about; only what applies is there. */
export interface AlertSubject {
  readonly shard?: string;
  readonly node?: string;
  readonly statement?: string;
  readonly process?: string;
  readonly isolate?: string;
  readonly table?: string;
}

/** Something that an operator should know, from when it began until it is over. */
export interface Alert {
  /** Unique for each time that it is raised. */
  readonly id: string;
  readonly rule: AlertRule;
  readonly severity: "warning" | "critical";
  readonly state: "raised" | "cleared";
  readonly subject: AlertSubject;
  /** One sentence of what is the case, without row values. */
  readonly summary: string;
  /** What to do about it. */
  readonly advice: string;
  /** What was measured and from where on it is too much, in the rule's unit. */
  readonly value: number | null;
  readonly threshold: number | null;
  /** Unix milliseconds. */
  readonly raisedAt: number;
  readonly clearedAt: number | null;
  /** It comes and goes: it stays raised until it has been calm for some minutes. */
  readonly flapping: boolean;
}
