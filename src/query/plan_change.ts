import { type ShardPlan, stepOf } from "./explained_plan.ts";
import { type PlanNode, type PlanTable, planTables, rowsExamined, walkPlan } from "./plan_node.ts";
import { isSmallScan } from "./plan_warnings.ts";

/** A plan that became worse than the one it took the place of. */
export interface PlanChange {
  readonly shard: string;
  /** The plan as it was. */
  readonly from: PlanReport;
  /** The plan as it is now. */
  readonly to: PlanReport;
  /** In what it is worse, for people; never empty. */
  readonly why: readonly string[];
  /** When it was first seen, in Unix milliseconds. */
  readonly since: number;
}

/** One side of a change. */
export interface PlanReport {
  readonly summary: string;
  readonly fingerprint: string;
  /** How many rows it was estimated to examine. */
  readonly rows: number;
}

/** How many times as many rows make a plan worse, and from how many on. */
const MORE_TIMES = 10;
const MORE_ROWS = 1_000;
/** How many times as many rows make another order of tables worse. */
const REORDERED_TIMES = 2;

/** How well rows are found, the best first; what is not listed counts like `ref`. */
const RANKS: readonly (readonly string[])[] = [
  ["system", "const"],
  ["eq_ref"],
  ["ref", "ref_or_null", "fulltext", "unique_subquery", "index_subquery"],
  ["range", "index_merge"],
  ["index"],
  ["ALL"],
];
const REF_RANK = 2;

/**
 * In what a statement's plan is worse than the one before, or `undefined` where it is not: an index
 * that is used no longer, a worse kind of access, a sort or a temporary table that was not there,
 * ten times as many rows.
 */
export function worsening(
  { before, after, since }: {
    readonly before: ShardPlan;
    readonly after: ShardPlan;
    readonly since: number;
  },
): PlanChange | undefined {
  const rows = { before: rowsExamined(before.tree), after: rowsExamined(after.tree) };
  const why = [
    ...(rows.after < leastRows(before.tree, after.tree)
      ? []
      : accessFaults(before.tree, after.tree)),
    ...(has(before.tree, "sort") || !has(after.tree, "sort") ? [] : ["sorts without an index"]),
    ...(has(before.tree, "temporary table") || !has(after.tree, "temporary table")
      ? []
      : ["needs a temporary table"]),
  ];
  if (rows.after > MORE_ROWS && rows.after >= MORE_TIMES * rows.before) {
    why.push(`examines ${shown(rows.after)} rows instead of ${shown(rows.before)}`);
  }
  if (why.length === 0) return undefined;
  const report = (plan: ShardPlan, count: number): PlanReport => ({
    summary: plan.summary ?? "no table",
    fingerprint: plan.fingerprint,
    rows: Math.round(count),
  });
  return {
    shard: after.shard,
    from: report(before, rows.before),
    to: report(after, rows.after),
    why,
    since,
  };
}

/** A change as a warning, in one sentence. */
export function describeChange({ shard, from, to, why }: PlanChange): string {
  return `the plan became worse on ${shard}: ${from.summary} -> ${to.summary} (${why.join(", ")})`;
}

/**
 * From how many rows on a worse access counts. With fewer in all, the tables are only read in another
 * order, which those of about one size change whenever one of them grows past the other.
 */
function leastRows(before: PlanNode, after: PlanNode): number {
  const order = (plan: PlanNode) => planTables(plan).map(({ table }) => table).join();
  return rowsExamined(before) * (order(before) === order(after) ? 1 : REORDERED_TIMES);
}

/** Tables that are accessed worse, each compared with itself in the plan before. */
function accessFaults(before: PlanNode, after: PlanNode): string[] {
  const known = numbered(before);
  return [...numbered(after)].flatMap(([name, now]) => {
    const then = known.get(name);
    if (then === undefined || isSmallScan(now)) return [];
    // A table of one row is read without its index.
    if (now.access === "system") return [];
    if (then.key !== undefined && now.key === undefined) {
      return [`no longer uses the index ${then.key} of ${now.table}`];
    }
    const [was, is] = [rankOf(then), rankOf(now)];
    return is > was ? [`reads ${now.table} by ${stepOf(now)} instead of ${stepOf(then)}`] : [];
  });
}

/** Tables by name; one that is read several times has a number behind it. */
function numbered(plan: PlanNode): ReadonlyMap<string, PlanTable> {
  const tables = new Map<string, PlanTable>();
  for (const table of planTables(plan)) {
    let name = table.table;
    for (let n = 2; tables.has(name); n++) name = `${table.table} ${n}`;
    tables.set(name, table);
  }
  return tables;
}

function rankOf({ access = "" }: PlanNode): number {
  const rank = RANKS.findIndex((words) => words.includes(access));
  return rank < 0 ? REF_RANK : rank;
}

function has(plan: PlanNode, operation: PlanNode["operation"]): boolean {
  return [...walkPlan(plan)].some((node) => node.operation === operation);
}

function shown(count: number): string {
  return Math.round(count).toLocaleString("en-US");
}
