/** How long one partition of a range by time is. */
export type Period = "hour" | "day" | "week" | "month";

/** A table that is partitioned by time, whose partitions are made ahead and may be retired. */
export interface RangeRule {
  readonly by: "range";
  /** The column that the partitions are made by. */
  readonly column: string;
  readonly period: Period;
  /** How far ahead of now there must be partitions, in milliseconds. */
  readonly aheadMs: number;
  /** How long rows are kept, in milliseconds; `undefined`: nothing is ever dropped. */
  readonly keepMs: number | undefined;
}

/** A table whose partitions are looked at and routed to, and not changed. */
export interface FixedRule {
  readonly by: "list" | "hash" | "key";
  readonly column: string;
}

/** How the configuration declares a partitioned table. */
export type PartitionRule = RangeRule | FixedRule;
