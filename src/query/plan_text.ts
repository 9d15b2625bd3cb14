import type { PlanNode } from "./plan_node.ts";

/**
 * A plan for people, a line for each node, what it works on indented below it.
 *
 * @example
 * ```ts
 * import { planLines } from "./plan_text.ts";
 * import { assertEquals } from "@std/assert";
 *
 * const read = { operation: "read", table: "players", access: "ALL", rows: 3000 } as const;
 * const plan = { operation: "sort", children: [{ ...read, children: [] }] } as const;
 * assertEquals(planLines(plan), ["sort", "  read players  ALL  3,000 rows"]);
 * ```
 */
export function planLines(plan: PlanNode): readonly string[] {
  return [lineOf(plan), ...plan.children.flatMap(planLines).map((line) => `  ${line}`)];
}

function lineOf(node: PlanNode): string {
  const { operation, table, access, key, keyParts, partitions, rows, filtered, extra } = node;
  const index = [access, key, keyParts && `(${keyParts.join(", ")})`];
  return [
    table === undefined ? operation : `${operation} ${table}`,
    index.filter((part) => part !== undefined).join(" "),
    partitions !== undefined && counted(partitions, "partition"),
    rows !== undefined && counted(rows, "row"),
    filtered !== undefined && filtered < 100 && `${Math.round(filtered)} % of them`,
    extra?.join(", "),
  ].filter(Boolean).join("  ");
}

function counted(count: number, what: string): string {
  return `${count.toLocaleString("en-US")} ${what}${count === 1 ? "" : "s"}`;
}
