import type { ColumnInfo, MysqlSession } from "../../drivers/mysql.ts";
import type { Bound, CompiledStatement } from "../compiled_statement.ts";
import { sampleParams } from "../sample_params.ts";
import { scanSql } from "../sql_scanner.ts";
import type { ResultColumn } from "../statement.ts";
import type { TableSchema } from "../table_schema.ts";
import { orderFault } from "./order_check.ts";
import { PageCursor } from "./page_cursor.ts";
import { pagesOf } from "./page_sql.ts";
import { eachColumn } from "./scatter_rules.ts";

/**
 * Why one server says that a statement's rows cannot be collected, or `undefined` where they can.
 * Of a statement with pages the second one's SQL is prepared as well.
 *
 * @param options.sample a call of it
 * @param options.known the tables that it names
 * @throws {SqlError} where the server refuses the second page
 */
export async function scatterFault(
  session: MysqlSession,
  options: {
    readonly compiled: CompiledStatement;
    readonly columns: readonly ResultColumn[];
    readonly sample: Bound;
    readonly known: readonly TableSchema[];
  },
): Promise<string | undefined> {
  const { compiled, columns, sample, known } = options;
  const { statement } = compiled;
  if (compiled.scatter === undefined) return undefined;
  const { tokens } = scanSql(statement.sql);
  if (statement.shard.by === "each") {
    const column = eachColumn(tokens, statement.shard.param);
    const found = columns.some(({ name }) => name === column);
    return found ? undefined : `@shard each(…) needs ${column} among the result's columns`;
  }
  const described = await session.describe(sample.sql);
  const fault = orderFault(statement, { columns: described.columns, known });
  const pages = pagesOf(statement);
  if (fault !== undefined || pages === undefined) return fault;
  const cursor = new PageCursor(statement.name, pages.columns);
  const next = cursor.write(described.columns, described.columns.map(sampleValue));
  const { sql } = compiled.bindJson({ ...sampleParams(statement), [pages.after]: next });
  await session.describe(sql);
}

/** A value that a column could have, by its type code. */
function sampleValue({ type }: ColumnInfo): unknown {
  switch (type) {
    case 7:
    case 12:
      return "2026-01-01 00:00:00";
    case 10:
      return "2026-01-01";
    default:
      return "0";
  }
}
