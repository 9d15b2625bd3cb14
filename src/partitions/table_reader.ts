import { type MysqlSession, SqlError, type SqlValue } from "../drivers/mysql.ts";
import type { ServerTable } from "./partitioned_table.ts";
import { MAX_COPIED_ROWS } from "./plan_upkeep.ts";
import { quoteName } from "./sql_text.ts";

/** What reads of a table's description run on: a session, or a borrowed connection. */
export type SqlReader = Pick<MysqlSession, "execute">;

/** Only a table that WHERE names is looked up alone: a join would open every table of the server. */
const TABLE = `SELECT p.PARTITION_NAME, p.PARTITION_METHOD, p.PARTITION_EXPRESSION,
    p.PARTITION_DESCRIPTION, p.SUBPARTITION_NAME, p.TABLE_ROWS,
    (SELECT DATA_TYPE FROM information_schema.COLUMNS
       WHERE TABLE_SCHEMA = DATABASE() AND TABLE_NAME = ? AND COLUMN_NAME = ?)
  FROM information_schema.PARTITIONS p
  WHERE p.TABLE_SCHEMA = DATABASE() AND p.TABLE_NAME = ?
  ORDER BY p.PARTITION_ORDINAL_POSITION, p.SUBPARTITION_ORDINAL_POSITION`;

/**
 * Reads how a server has a table of the session's database.
 *
 * @returns `undefined` where there is no such table, or the account may not see it
 * @throws {SqlError}
 */
export async function readServerTable(
  reader: SqlReader,
  options: { readonly table: string; readonly column: string },
): Promise<ServerTable | undefined> {
  const rows = await rowsOf(reader, TABLE, [options.table, options.column, options.table]);
  const [first] = rows;
  if (first === undefined) return undefined;
  const [, method, expression, , subpartition, , columnType] = first;
  return {
    method: textOrNull(method),
    expression: textOrNull(expression) ?? "",
    columnType: textOrNull(columnType)?.toLowerCase(),
    subpartitioned: textOrNull(subpartition) !== null,
    partitions: rows.flatMap(([name, , , description, , count]) =>
      name === null
        ? []
        : [{ name: String(name), description: textOrNull(description), rows: Number(count ?? 0) }]
    ),
  };
}

/** What upkeep must know beside the table. */
export interface UpkeepSurroundings {
  /** The database's clock, in Unix milliseconds. */
  readonly nowMs: number;
  readonly database: string;
  /** SHOW GRANTS, line by line. */
  readonly grants: readonly string[];
}

/** Reads the server's clock and what the account may do. @throws {SqlError} */
export async function readSurroundings(reader: SqlReader): Promise<UpkeepSurroundings> {
  const [facts] = await rowsOf(reader, "SELECT UNIX_TIMESTAMP(NOW(6)), DATABASE()");
  const grants = await rowsOf(reader, "SHOW GRANTS");
  return {
    nowMs: Number(facts?.[0]) * 1_000,
    database: String(facts?.[1]),
    grants: grants.map(([grant]) => String(grant)),
  };
}

/** How many rows a partition holds, counted up to one more than may be copied. */
export async function countRows(
  reader: Pick<MysqlSession, "query">,
  options: { readonly table: string; readonly partition: string },
): Promise<number> {
  const { table, partition } = options;
  const answer = await reader.query(
    `SELECT COUNT(*) FROM (SELECT 1 FROM ${quoteName(table)} PARTITION (${quoteName(partition)}) ` +
      `LIMIT ${MAX_COPIED_ROWS + 1}) AS some`,
  );
  return answer.kind === "rows" ? Number(answer.rows[0]?.[0]) : 0;
}

async function rowsOf(
  reader: SqlReader,
  sql: string,
  values: readonly SqlValue[] = [],
): Promise<readonly (readonly unknown[])[]> {
  const answer = await reader.execute(sql, values);
  if (answer.kind === "rows") return answer.rows;
  throw new SqlError("server", "the server gave no rows where it must");
}

/** Some servers give names of their own tables as bytes. */
function textOrNull(value: unknown): string | null {
  if (value === null || value === undefined) return null;
  return value instanceof Uint8Array ? new TextDecoder().decode(value) : String(value);
}
