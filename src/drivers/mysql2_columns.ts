import type { ColumnInfo } from "./mysql.ts";
import type { Mysql2Column } from "./mysql2_connection.ts";

/** MySQL's type code of JSON; MariaDB sends a text type and says `json` beside it. */
const JSON_TYPE = 245;
/** Statements whose columns are remembered; past it the memory starts afresh. */
const MAX_SHAPES = 1_024;

/**
 * Hands out one and the same array for equal columns of one statement, whichever session they came
 * from: each session is sent definitions of its own, and encoders can compare by identity.
 */
export class ColumnShapes {
  readonly #shapes = new Map<string, readonly ColumnInfo[]>();

  /** The columns of a result of `sql`. */
  of(sql: string, fields: readonly Mysql2Column[]): readonly ColumnInfo[] {
    const known = this.#shapes.get(sql);
    if (known !== undefined && sameColumns(known, fields)) return known;
    const columns = toColumns(fields);
    if (this.#shapes.size >= MAX_SHAPES) this.#shapes.clear();
    this.#shapes.set(sql, columns);
    return columns;
  }
}

/** The columns in the port's form. */
export function toColumns(fields: readonly Mysql2Column[]): readonly ColumnInfo[] {
  return fields.map((field) => ({
    name: field.name,
    type: typeOf(field),
    flags: field.flags,
    charset: field.characterSet,
    length: field.columnLength,
    decimals: field.decimals,
    table: field.table,
    orgTable: field.orgTable,
    orgName: field.orgName,
  }));
}

/** Whether a result's columns are those that were seen before. */
export function sameColumns(
  known: readonly ColumnInfo[],
  fields: readonly Mysql2Column[],
): boolean {
  if (known.length !== fields.length) return false;
  for (let at = 0; at < known.length; at++) {
    const a = known[at] as ColumnInfo;
    const b = fields[at] as Mysql2Column;
    if (
      a.type !== typeOf(b) || a.length !== b.columnLength || a.charset !== b.characterSet ||
      a.flags !== b.flags || a.decimals !== b.decimals || a.name !== b.name
    ) return false;
  }
  return true;
}

function typeOf(field: Mysql2Column): number {
  return field.extendedFormat === "json" ? JSON_TYPE : field.columnType;
}
