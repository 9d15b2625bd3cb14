/** What a node of a plan does; `nothing` where the server has no table to read, `extra` says why. */
export type PlanOperation =
  | "read"
  | "insert"
  | "update"
  | "delete"
  | "join"
  | "sort"
  | "temporary table"
  | "distinct"
  | "window"
  | "union"
  | "materialize"
  | "subquery"
  | "query"
  | "nothing";

/**
 * One operation of a plan, as the server estimates it; immutable. It works on what its children
 * give: of a `join` they are read in their order, the next for each row of those before. No value of
 * a parameter or a row is in it, for conditions are left out.
 */
export interface PlanNode {
  readonly operation: PlanOperation;
  /**
   * As the statement calls it: its alias, where it has one; `<derived2>` and such are no tables, nor
   * is `<j>`, which JSON_TABLE makes.
   */
  readonly table?: string;
  /** How rows are found, in the server's word: `const`, `eq_ref`, `ref`, `range`, `index`, `ALL`, … */
  readonly access?: string;
  /** The index that is used; of several their names, with commas. */
  readonly key?: string;
  /** The columns of the index by which rows are found. */
  readonly keyParts?: readonly string[];
  /** The indexes that were considered. */
  readonly possibleKeys?: readonly string[];
  /** How many partitions are read, where the table has any. */
  readonly partitions?: number;
  /** Estimated rows that are examined, each time that the node is asked. */
  readonly rows?: number;
  /** How many per cent of them are estimated to be what is looked for. */
  readonly filtered?: number;
  /** What else the server says, in words: `using where`, `using index`, `join buffer`, … */
  readonly extra?: readonly string[];
  readonly children: readonly PlanNode[];
}

/** Access to a table, in any way. */
export interface PlanTable extends PlanNode {
  readonly table: string;
}

/** A node and all below it, each before its children. */
export function* walkPlan(node: PlanNode): Generator<PlanNode> {
  yield node;
  for (const child of node.children) yield* walkPlan(child);
}

/** The tables of a plan in the order in which they are read; what the server makes itself is none. */
export function planTables(plan: PlanNode): readonly PlanTable[] {
  return [...walkPlan(plan)].filter((node): node is PlanTable =>
    node.table !== undefined && !node.table.startsWith("<")
  );
}

/** Whether the server saw that no row has the key, and so chose no plan. */
export function findsNoRow(plan: PlanNode): boolean {
  return [...walkPlan(plan)].some(({ operation, extra = [] }) =>
    operation === "nothing" &&
    extra.some((text) => /Impossible (WHERE|HAVING)|no matching (row|min\/max)/i.test(text))
  );
}

/** How many rows the whole of a plan is estimated to examine. */
export function rowsExamined(node: PlanNode): number {
  const own = node.rows ?? 0;
  if (node.operation !== "join") {
    return node.children.reduce((sum, child) => sum + rowsExamined(child), own);
  }
  let times = 1;
  let sum = own;
  for (const child of node.children) {
    sum += times * rowsExamined(child);
    times *= rowsGiven(child);
  }
  return sum;
}

/** How many rows a node is estimated to give, each time that it is asked. */
function rowsGiven(node: PlanNode): number {
  if (node.rows !== undefined) return node.rows * (node.filtered ?? 100) / 100;
  return node.children.reduce((most, child) => Math.max(most, rowsGiven(child)), 1);
}
