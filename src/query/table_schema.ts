import type { MysqlSession } from "../drivers/mysql.ts";
import type { ComparedColumn, NamedTable } from "./compared_columns.ts";
import type { SchemaColumn } from "./key_collation.ts";

/** A table of the session's database, as the server's schema has it. */
export interface TableSchema {
  readonly table: string;
  readonly columns: readonly SchemaColumn[];
  readonly indexes: readonly TableIndex[];
  /** The storage engine, such as `InnoDB`; absent where the server does not say, as of a view. */
  readonly engine?: string | undefined;
}

/** An index of a table. */
export interface TableIndex {
  /** `PRIMARY` is the primary key. */
  readonly name: string;
  /**
   * Its columns in their order, up to the first that is not indexed whole; none of a FULLTEXT or a
   * SPATIAL one, which finds no values.
   */
  readonly columns: readonly string[];
}

/** A column that stands against a parameter, as the server's schema has it. */
export interface ComparedSchema extends SchemaColumn {
  readonly param: string;
}

/** Looks up tables with their columns and indexes; those that are not there are left out. */
export async function readTables(
  session: MysqlSession,
  names: readonly string[],
): Promise<readonly TableSchema[]> {
  if (names.length === 0) return [];
  const among = `WHERE TABLE_SCHEMA = DATABASE() AND TABLE_NAME IN (${names.map(() => "?")})`;
  const rows = async (sql: string) => {
    const result = await session.execute(sql, names);
    return result.kind === "rows" ? result.rows : [];
  };
  const columns = (await rows(
    "SELECT TABLE_NAME, COLUMN_NAME, DATA_TYPE, COLLATION_NAME FROM information_schema.COLUMNS " +
      `${among} ORDER BY TABLE_NAME, ORDINAL_POSITION`,
  )).map(([table, column, dataType, collation]): SchemaColumn => ({
    table: String(table),
    column: String(column),
    dataType: String(dataType),
    collation: collation === null ? null : String(collation),
  }));
  const parts = (await rows(
    "SELECT TABLE_NAME, INDEX_NAME, COLUMN_NAME, SUB_PART, INDEX_TYPE " +
      "FROM information_schema.STATISTICS " +
      `${among} ORDER BY TABLE_NAME, INDEX_NAME, SEQ_IN_INDEX`,
  )).map(([table, index, column, length, type]) => ({
    table: String(table),
    index: String(index),
    column: column === null || length !== null || /^(FULLTEXT|SPATIAL)$/.test(String(type))
      ? undefined
      : String(column),
  }));
  const engines = new Map(
    (await rows(`SELECT TABLE_NAME, ENGINE FROM information_schema.TABLES ${among}`))
      .flatMap(([table, engine]) => engine === null ? [] : [[String(table), String(engine)]]),
  );
  return [...Map.groupBy(columns, ({ table }) => table)].map(([table, columns]) => ({
    table,
    columns,
    engine: engines.get(table),
    indexes: [...Map.groupBy(parts.filter((part) => part.table === table), ({ index }) => index)]
      .map(([name, parts]) => ({ name, columns: wholeColumns(parts) })),
  }));
}

/** The columns that stand against parameters, where the tables have them. */
export function comparedSchema(
  schema: readonly TableSchema[],
  options: {
    readonly tables: readonly NamedTable[];
    readonly columns: readonly ComparedColumn[];
  },
): ComparedSchema[] {
  const known = schema.flatMap(({ columns }) => columns);
  return options.columns.flatMap(({ param, column, qualifier }) => {
    const candidates = options.tables.filter((table) =>
      qualifier === undefined || same(table.alias, qualifier)
    );
    const found = known.find((schema) =>
      same(schema.column, column) && candidates.some(({ table }) => same(table, schema.table))
    );
    return found === undefined ? [] : [{ ...found, param }];
  });
}

/** The values that one row of each table has in the compared columns, by parameter. */
export async function findKeys(
  session: MysqlSession,
  schema: readonly ComparedSchema[],
): Promise<ReadonlyMap<string, unknown>> {
  const keys = new Map<string, unknown>();
  for (const table of new Set(schema.map((column) => column.table))) {
    const columns = schema.filter((column) => column.table === table);
    const names = columns.map(({ column }) => quote(column)).join(", ");
    const result = await session.query(`SELECT ${names} FROM ${quote(table)} LIMIT 1`);
    const row = result.kind === "rows" ? result.rows[0] : undefined;
    columns.forEach(({ param }, at) => {
      const value = row?.[at];
      if (typeof value === "string" || typeof value === "number") keys.set(param, value);
    });
  }
  return keys;
}

/** Whether two names of a table or column are the same to the server. */
export function same(a: string, b: string): boolean {
  return a.toLowerCase() === b.toLowerCase();
}

function wholeColumns(parts: readonly { readonly column: string | undefined }[]): string[] {
  const columns: string[] = [];
  for (const { column } of parts) {
    if (column === undefined) break;
    columns.push(column);
  }
  return columns;
}

function quote(name: string): string {
  return `\`${name.replaceAll("`", "``")}\``;
}
