/** What is done about one partition. */
export interface PartitionStep {
  readonly action: "add" | "drop";
  readonly partition: string;
  /** What it ends before, in Unix milliseconds. */
  readonly until: number;
  /** The exact statements: the first runs while the table is locked, others after that. */
  readonly sql: readonly [string, ...string[]];
  /** The catch-all that the statement rewrites, and must hardly hold any row. */
  readonly catchAll?: string;
  /** What drops a partition on servers that cannot make a table of it, and unlinks its file at once. */
  readonly plain?: string;
}

/** What is wrong with a table, or with an upkeep of it, as callers branch on it. */
export type PartitionProblemCode =
  | "unreachable"
  | "internal"
  | "not_found"
  | "not_understood"
  | "clock_differs"
  | "missing_privilege"
  | "catch_all_filled"
  | "name_taken"
  | "foreign_partitions"
  | "gap"
  | "more_to_add"
  | "more_to_drop";

/** What is wrong, and what to do. */
export interface PartitionProblem {
  readonly code: PartitionProblemCode;
  readonly detail: string;
  /** Whether the upkeep leaves something undone because of it. */
  readonly blocks: boolean;
}

/** What an upkeep would do. */
export interface PartitionPlan {
  /** In order. */
  readonly steps: readonly PartitionStep[];
  readonly problems: readonly PartitionProblem[];
}

/** A plan that changes nothing. */
export function noPlan(code: PartitionProblemCode, detail: string): PartitionPlan {
  return { steps: [], problems: [{ code, detail, blocks: true }] };
}
