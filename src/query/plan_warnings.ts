import { stepOf } from "./explained_plan.ts";
import { type PlanNode, type PlanTable, planTables, walkPlan } from "./plan_node.ts";

/** Where a plan needs an index that it does not have. */
export interface MissingIndex {
  /** The table as the statement calls it. */
  readonly alias: string;
  /** Whether its rows are all read, or sorted after they were read. */
  readonly lack: "scan" | "sort";
}

/** What a plan is judged with. */
export interface JudgeOptions {
  /** Whether the statement has a LIMIT. */
  readonly limited: boolean;
  /** A table's own name, by what the statement calls it. */
  readonly nameOf: (alias: string) => string;
  /** Which index would help, as the rest of a sentence; `undefined` where that is not certain. */
  readonly advise: (missing: MissingIndex) => string | undefined;
}

/** Tables up to this size may be read whole where an index exists: the server knows best. */
const SMALL_TABLE_ROWS = 1_000;

/**
 * Judges a plan: full scans, sorts without an index and deletes of everything are warned of, with
 * the index that would help.
 */
export function planWarnings(plan: PlanNode, options: JudgeOptions): readonly string[] {
  const { nameOf, advise } = options;
  const warnings: string[] = [];
  const warn = (what: string, missing: MissingIndex) => {
    const advice = advise(missing);
    warnings.push(advice === undefined ? what : `${what}: ${advice}`);
  };
  for (const node of walkPlan(plan)) {
    if (node.extra?.includes("Deleting all rows")) warnings.push("deletes every row");
    else if (node.operation === "sort") {
      const [first] = planTables(node);
      if (first === undefined) warnings.push("sorts rows without an index (filesort)");
      else {
        const what = `sorts ${nameOf(first.table)} without an index (filesort)`;
        warn(what, { alias: first.table, lack: "sort" });
      }
    } else if (isTable(node) && scansInVain(node, options)) {
      warn(`${stepOf(node)} of ${nameOf(node.table)}`, { alias: node.table, lack: "scan" });
    }
  }
  return warnings;
}

/** Whether a table is read whole because it is small, though an index could be used. */
export function isSmallScan({ access, possibleKeys, rows = 0 }: PlanNode): boolean {
  return access === "ALL" && possibleKeys !== undefined && rows <= SMALL_TABLE_ROWS;
}

function scansInVain(node: PlanTable, { limited }: { readonly limited: boolean }): boolean {
  if (node.access === "ALL") return !isSmallScan(node);
  if (node.access !== "index") return false;
  return !limited || node.extra?.includes("using where") === true;
}

function isTable(node: PlanNode): node is PlanTable {
  return node.table !== undefined && !node.table.startsWith("<");
}
