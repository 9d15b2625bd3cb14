import type { ColumnInfo, Rows } from "../../../src/drivers/mysql.ts";

const NOT_NULL = 1;

/** Columns by the protocol's type codes: 8 BIGINT, 246 DECIMAL, 253 VARCHAR, … */
export function columnsOf(types: Readonly<Record<string, number>>): readonly ColumnInfo[] {
  return Object.entries(types).map(([name, type]) => ({
    name,
    type,
    flags: type === 253 ? 0 : NOT_NULL,
    charset: type === 253 ? 45 : 63,
    length: 20,
    decimals: 0,
    table: "t",
    orgTable: "t",
    orgName: name,
  }));
}

/** A shard's answer. */
export function rowsOf(
  columns: readonly ColumnInfo[],
  rows: readonly (readonly unknown[])[],
): Rows {
  return { kind: "rows", columns, rows };
}
