import { type MysqlSession, SqlError } from "../drivers/mysql.ts";
import { tablesOf } from "./compared_columns.ts";
import { IN_GROUP } from "./group_commit.ts";
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
  const tables = tablesOf(scanSql(sql).tokens);
  if (tables.length === 0) return "its table is not known";
  const odd = tables.find(({ table, database }) =>
    database !== undefined ||
    known.find((schema) => same(schema.table, table))?.engine !== "InnoDB"
  );
  return odd === undefined ? undefined : `${odd.table} is not known to be a table of InnoDB`;
}

/**
 * Why a server does not run a statement as groups do, which an old one may not know how to.
 *
 * @throws {SqlError} where the session is lost
 */
export async function groupRefusal(
  session: MysqlSession,
  sql: string,
): Promise<string | undefined> {
  try {
    await session.describe(IN_GROUP + sql);
    return undefined;
  } catch (error) {
    if (!(error instanceof SqlError && error.kind === "server")) throw error;
    return `its server refuses it in a group (error ${error.errno})`;
  }
}
