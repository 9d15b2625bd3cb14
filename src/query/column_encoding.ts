import type { ColumnInfo } from "../drivers/mysql.ts";
import type { ColumnEncoding, ResultColumn } from "./statement.ts";

/** The encodings that `@column` may ask for. */
export const COLUMN_OVERRIDES = ["uuid", "int", "bool", "json"] as const;
/** One of them. */
export type ColumnOverride = typeof COLUMN_OVERRIDES[number];

const NOT_NULL = 1;
const BINARY_CHARSET = 63;

/** The protocol's type codes that need a look of their own (MySQL Internals, `enum_field_types`). */
export const MYSQL_TYPE = { TINY: 1, FLOAT: 4, BIT: 16 } as const;

const BY_TYPE: Readonly<Record<number, ColumnEncoding>> = {
  0: "decimal",
  1: "integer",
  2: "integer",
  3: "integer",
  4: "double",
  5: "double",
  7: "datetime",
  8: "bigint",
  9: "integer",
  10: "date",
  11: "time",
  12: "datetime",
  13: "integer",
  16: "bigint",
  242: "bytes",
  245: "json",
  246: "decimal",
  247: "string",
  248: "string",
  255: "json",
};

/**
 * How a column is written: by its type, unless `@column` says otherwise. TINYINT(1) and BIT(1)
 * are booleans, wider BIT columns digits like BIGINT. MariaDB's JSON columns come with MySQL's
 * type, for the driver asks for it; geometries are the objects that the driver makes of them.
 */
export function encodingOf(column: ColumnInfo, override?: string): ColumnEncoding {
  switch (override as ColumnOverride | undefined) {
    case "int":
      return "integer";
    case "bool":
    case "json":
    case "uuid":
      return override as ColumnEncoding;
    case undefined: {
      const single = column.type === MYSQL_TYPE.TINY || column.type === MYSQL_TYPE.BIT;
      if (single && column.length === 1) return "bool";
      const text = column.charset === BINARY_CHARSET && column.type !== 6 ? "bytes" : "string";
      return BY_TYPE[column.type] ?? text;
    }
  }
}

/** A column as documents show it. */
export function describeColumn(column: ColumnInfo, override?: string): ResultColumn {
  return {
    name: column.name,
    encoding: encodingOf(column, override),
    nullable: (column.flags & NOT_NULL) === 0,
  };
}
