import type { PartitionPlan, PartitionProblem, PartitionStep } from "./partition_plan.ts";
import type { RangeRule } from "./partition_rule.ts";
import { type PartitionedTable, spansGap, type TimePartition } from "./partitioned_table.ts";
import { partitionName, periodEnd, periodStart } from "./period.ts";
import { quoteName, retiredName } from "./sql_text.ts";
import type { TimeBound } from "./time_bound.ts";

/** Partitions that one run may make on a shard; the next run makes more. */
export const MAX_ADDS = 40;
/** Partitions that one run may drop on a shard, so that no mistake costs everything at once. */
export const MAX_DROPS = 8;
/** Rows that a catch-all may hold when it is rewritten: they are copied while the table is locked. */
export const MAX_COPIED_ROWS = 1_000;

/** What a plan is made from, beside the table. */
export interface UpkeepState {
  /** Now, by the database's clock, in Unix milliseconds. */
  readonly nowMs: number;
  /** How many rows the catch-all holds, counted up to one more than may be copied. */
  readonly caughtRows: number;
}

/**
 * Plans the upkeep of a range by time: a partition for each period from now until far enough ahead,
 * one a statement, then the end of those that are kept for long enough. What it does not understand,
 * or has not made, it leaves alone and reports. It plans nothing for other tables.
 */
export function planUpkeep(table: PartitionedTable, state: UpkeepState): PartitionPlan {
  const { rule, fault, bound } = table;
  if (fault !== undefined) {
    const detail = `${table.name} is left alone: ${fault}`;
    return { steps: [], problems: [{ code: "not_understood", detail, blocks: true }] };
  }
  if (rule.by !== "range" || bound === undefined) return { steps: [], problems: [] };
  const adds = planAdds(table, { ...state, rule, bound });
  const drops = planDrops(table, { ...state, rule });
  return {
    steps: [...adds.steps, ...drops.steps],
    problems: [...adds.problems, ...drops.problems, ...oddities(table, rule)],
  };
}

function planAdds(
  table: PartitionedTable,
  options: UpkeepState & { readonly rule: RangeRule; readonly bound: TimeBound },
): PartitionPlan {
  const { rule: { period, aheadMs }, bound, nowMs, caughtRows } = options;
  const last = table.ranges.findLast(({ until }) => Number.isFinite(until));
  const catchAll = table.ranges.find(({ until }) => until === Infinity)?.name;
  const names = new Set(table.ranges.map(({ name }) => name.toLowerCase()));
  const steps: PartitionStep[] = [];
  const problem = (code: PartitionProblem["code"], detail: string): PartitionPlan => ({
    steps,
    problems: [{ code, detail, blocks: true }],
  });
  // Periods that are over and have no partition of their own belong to the first one that is made.
  let from = Math.max(last?.until ?? -Infinity, periodStart(nowMs, period));
  while (from < nowMs + aheadMs) {
    const partition = partitionName(from, period);
    const until = periodEnd(from, period);
    if (names.has(partition)) {
      return problem(
        "name_taken",
        `${partition} is needed for what ends before ${
          bound.write(until)
        }, and another partition ` +
          "has its name: give that one another name",
      );
    }
    if (steps.length === MAX_ADDS) {
      return problem("more_to_add", `a run makes ${MAX_ADDS} partitions, the next one makes more`);
    }
    steps.push(addStep(table.name, { partition, until, end: bound.write(until), catchAll }));
    from = until;
  }
  if (steps.length === 0 || catchAll === undefined || caughtRows <= MAX_COPIED_ROWS) {
    return { steps, problems: [] };
  }
  return { steps: [], problems: [filled(table.name, { catchAll, steps })] };
}

function addStep(
  table: string,
  made: {
    readonly partition: string;
    readonly until: number;
    readonly end: string;
    readonly catchAll: string | undefined;
  },
): PartitionStep {
  const { partition, until, end, catchAll } = made;
  const added = `PARTITION ${quoteName(partition)} VALUES LESS THAN (${end})`;
  const alter = `ALTER TABLE ${quoteName(table)}`;
  if (catchAll === undefined) {
    return { action: "add", partition, until, sql: [`${alter} ADD PARTITION (${added})`] };
  }
  const name = quoteName(catchAll);
  const sql = `${alter} REORGANIZE PARTITION ${name} INTO ` +
    `(${added}, PARTITION ${name} VALUES LESS THAN (MAXVALUE))`;
  return { action: "add", partition, until, sql: [sql], catchAll };
}

/** What is to be done by hand, with the first step as the example of how. */
function filled(
  table: string,
  options: { readonly catchAll: string; readonly steps: readonly PartitionStep[] },
): PartitionProblem {
  const { catchAll, steps } = options;
  return {
    code: "catch_all_filled",
    blocks: true,
    detail:
      `${catchAll} of ${table} holds more than ${MAX_COPIED_ROWS} rows, and a new partition ` +
      "would copy them while the table is locked. Delete those that are dated too far ahead, or, " +
      `when writes may wait, split it by hand as ${
        steps[0]?.partition
      } is to be made: REORGANIZE ` +
      `PARTITION ${catchAll} INTO (…, PARTITION ${catchAll} VALUES LESS THAN (MAXVALUE))`,
  };
}

function planDrops(
  table: PartitionedTable,
  options: UpkeepState & { readonly rule: RangeRule },
): PartitionPlan {
  const { rule: { keepMs }, nowMs } = options;
  if (keepMs === undefined) return { steps: [], problems: [] };
  const over = ({ ours, until }: TimePartition) =>
    ours && until <= nowMs - keepMs && until <= nowMs;
  // A table must have a partition left.
  const due = table.ranges.filter(over).slice(0, table.ranges.length - 1);
  const steps = due.slice(0, MAX_DROPS).map((partition) => dropStep(table.name, partition));
  const left = due.length - steps.length;
  return {
    steps,
    problems: left === 0 ? [] : [{
      code: "more_to_drop",
      detail: `a run drops ${MAX_DROPS} partitions, and ${left} more are over`,
      blocks: true,
    }],
  };
}

/** The file, which may be large, is unlinked with a table of its own: nobody waits for that. */
function dropStep(table: string, { name, until }: TimePartition): PartitionStep {
  const alter = `ALTER TABLE ${quoteName(table)}`;
  const retired = quoteName(retiredName(table));
  return {
    action: "drop",
    partition: name,
    until,
    sql: [
      `${alter} CONVERT PARTITION ${quoteName(name)} TO TABLE ${retired}`,
      `DROP TABLE IF EXISTS ${retired}`,
    ],
    plain: `${alter} DROP PARTITION ${quoteName(name)}`,
  };
}

function oddities(table: PartitionedTable, rule: RangeRule): PartitionProblem[] {
  const foreign = table.ranges.filter(({ ours, until }) => !ours && until !== Infinity);
  const wide = table.ranges.filter((range) => range.ours && spansGap(range, rule.period));
  const list = (partitions: readonly TimePartition[]) =>
    partitions.map(({ name }) => name).join(", ");
  const problems: PartitionProblem[] = [];
  if (foreign.length > 0) {
    problems.push({
      code: "foreign_partitions",
      detail: `left alone, for upkeep would not have named or ended them so: ${list(foreign)}`,
      blocks: false,
    });
  }
  if (wide.length > 0) {
    problems.push({
      code: "gap",
      detail: `cover more than the ${rule.period} of their name, for nothing can be put before a ` +
        `partition that is there: ${list(wide)}`,
      blocks: false,
    });
  }
  return problems;
}
