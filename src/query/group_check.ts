import type { MysqlSession } from "../drivers/mysql.ts";
import { tablesOf } from "./compared_columns.ts";
import { type PlanNode, rowsExamined } from "./plan_node.ts";
import { scanSql } from "./sql_scanner.ts";
import type { ResultColumn, Statement } from "./statement.ts";
import { same, type TableSchema } from "./table_schema.ts";

/** Rows that a write may examine and yet share a commit: others wait for it, and it holds their locks. */
const MOST_ROWS = 64;

/**
 * Why calls of a statement do not share a commit with other writes, or `undefined` where they do:
 * it must be short, and the server must be able to undo it without undoing the others.
 */
export function groupFault(
  { kind, params, sql }: Pick<Statement, "kind" | "params" | "sql">,
  server: {
    readonly system: MysqlSession["system"];
    /** Of its result. */
    readonly columns: readonly ResultColumn[];
    readonly plan: PlanNode | undefined;
    /** The schema of its tables. */
    readonly known: readonly TableSchema[];
  },
): string | undefined {
  const { system, columns, plan, known } = server;
  if (kind !== "exec") return "it reads";
  if (system !== "mariadb") return "its server cannot be told not to wait for locks";
  if (columns.length > 0) return "it returns rows";
  if (params.some(({ type }) => type.kind === "rows")) return "it writes many rows";
  if (plan === undefined) return "its plan is not known";
  if (rowsExamined(plan) > MOST_ROWS) return `it examines more than ${MOST_ROWS} rows`;
  const odd = tablesOf(scanSql(sql).tokens).find(({ table }) =>
    known.find((schema) => same(schema.table, table))?.engine !== "InnoDB"
  );
  return odd === undefined ? undefined : `${odd.table} is not known to be a table of InnoDB`;
}
