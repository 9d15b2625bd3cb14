import type { ColumnInfo } from "./mysql.ts";

/** The part of mysql2's column definition that is read here. */
export interface Mysql2Column {
  readonly name: string;
  readonly columnType: number;
  readonly flags: number;
  readonly characterSet: number;
  readonly columnLength: number;
  readonly decimals: number;
  readonly orgTable: string;
  readonly orgName: string;
  /** MariaDB's word for what a text column holds, such as `json`. */
  readonly extendedFormat?: string;
}

/** MySQL's type code of JSON; MariaDB sends a text type and says `json` beside it. */
const JSON_TYPE = 245;

function typeOf(field: Mysql2Column): number {
  return field.extendedFormat === "json" ? JSON_TYPE : field.columnType;
}

/** The columns in the port's form. */
export function toColumns(fields: readonly Mysql2Column[]): readonly ColumnInfo[] {
  return fields.map((field) => ({
    name: field.name,
    type: typeOf(field),
    flags: Number(field.flags),
    charset: field.characterSet,
    length: field.columnLength,
    decimals: field.decimals,
    orgTable: field.orgTable,
    orgName: field.orgName,
  }));
}

/**
 * Whether a result's columns are those that were seen before. mysql2 parses the definitions anew
 * for every result; handing out one and the same array lets encoders compare by identity.
 */
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
