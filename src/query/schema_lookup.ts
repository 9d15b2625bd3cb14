import type { MysqlSession } from "../drivers/mysql.ts";
import type { ComparedColumn, NamedTable } from "./compared_columns.ts";
import type { SchemaColumn } from "./key_collation.ts";

/** A column that stands against a parameter, as the server's schema has it. */
export interface ComparedSchema extends SchemaColumn {
  readonly param: string;
}

/** Looks up the columns that stand against parameters in the session's database. */
export async function readSchema(
  session: MysqlSession,
  options: {
    readonly tables: readonly NamedTable[];
    readonly columns: readonly ComparedColumn[];
  },
): Promise<ComparedSchema[]> {
  const { tables, columns } = options;
  if (tables.length === 0 || columns.length === 0) return [];
  const names = [...new Set(tables.map(({ table }) => table))];
  const result = await session.execute(
    "SELECT TABLE_NAME, COLUMN_NAME, DATA_TYPE, COLLATION_NAME FROM information_schema.COLUMNS " +
      `WHERE TABLE_SCHEMA = DATABASE() AND TABLE_NAME IN (${names.map(() => "?").join(", ")})`,
    names,
  );
  if (result.kind !== "rows") return [];
  const known = result.rows.map(([table, column, dataType, collation]): SchemaColumn => ({
    table: String(table),
    column: String(column),
    dataType: String(dataType),
    collation: collation === null ? null : String(collation),
  }));
  return columns.flatMap(({ param, column, qualifier }) => {
    const candidates = tables.filter((table) =>
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

function quote(name: string): string {
  return `\`${name.replaceAll("`", "``")}\``;
}

function same(a: string, b: string): boolean {
  return a.toLowerCase() === b.toLowerCase();
}
