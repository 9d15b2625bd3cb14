import type { ColumnInfo } from "../../drivers/mysql.ts";
import { encodingOf, MYSQL_TYPE } from "../column_encoding.ts";
import { type NamedTable, tablesOf } from "../compared_columns.ts";
import type { SchemaColumn } from "../key_collation.ts";
import { scanSql } from "../sql_scanner.ts";
import type { Statement } from "../statement.ts";
import { comparedSchema, type TableSchema } from "../table_schema.ts";
import { orderOf } from "./order_by.ts";
import { isOrdered } from "./order_values.ts";
import { pagesOf } from "./page_sql.ts";
import { clauseAround } from "./scatter_rules.ts";

/** What a server says of a statement whose rows are to be put in one order. */
export interface OrderedResult {
  /** The result's columns. */
  readonly columns: readonly ColumnInfo[];
  /** The tables that the statement names. */
  readonly known: readonly TableSchema[];
}

const TEXTS = new Set(["char", "varchar", "tinytext", "text", "mediumtext", "longtext"]);
const BYTES = new Set(["binary", "varbinary", "tinyblob", "blob", "mediumblob", "longblob"]);
/** Collations that sort as the texts' code points do, and take what one lacks at its end for spaces. */
const BY_CODE_POINTS = /^(utf8|utf8mb3|utf8mb4|ucs2|utf16|utf16le|utf32|ascii)_bin$/;
const SUMMED = new Set(["integer", "bigint", "decimal", "double"]);

/**
 * Why rows of several shards, or of pages, cannot be put in one order here, or `undefined` where they
 * can: the values of the result must be what the databases sort by, and sort as they do.
 */
export function orderFault(
  statement: Pick<Statement, "merge" | "shard" | "sql">,
  result: OrderedResult,
): string | undefined {
  const { merge, shard } = statement;
  if (merge === undefined) return undefined;
  // Of one shard the database itself compares texts, with the page's place as with each other.
  const anyCollation = shard.by !== "all";
  for (const name of orderedNames(merge)) {
    const column = result.columns.find((candidate) => candidate.name === name);
    if (column === undefined) return `@merge names ${name}, which is no column of the result`;
    const fault = valueFault(column, { ...result, anyCollation });
    if (fault !== undefined) return fault;
  }
  return merge.by === "aggregate"
    ? aggregateFault(result.columns, merge.columns)
    : aliasFault(statement, result);
}

/** The columns whose values are compared. */
function orderedNames(merge: NonNullable<Statement["merge"]>): readonly string[] {
  return merge.by === "order"
    ? merge.columns.map(({ name }) => name)
    : Object.entries(merge.columns).flatMap(([name, how]) => how === "sum" ? [] : [name]);
}

/** Why a column's values cannot be compared as its database does. */
function valueFault(
  column: ColumnInfo,
  { known, anyCollation }: OrderedResult & { readonly anyCollation: boolean },
): string | undefined {
  const { name } = column;
  if (column.type === MYSQL_TYPE.BIT && column.orgName === "") {
    return `@merge cannot put ${name} in order, which is made of bits: add 0 to it`;
  }
  const encoding = encodingOf(column);
  if (!isOrdered(encoding)) return `@merge cannot put ${name} in order, which is ${encoding}`;
  if (encoding !== "string" && encoding !== "bytes") return undefined;
  const own = schemaOf(column, known);
  if (own === undefined) return `@merge cannot find out how the databases sort ${name}`;
  const dataType = own.dataType.toLowerCase();
  if (BYTES.has(dataType)) return undefined;
  if (!TEXTS.has(dataType)) return `@merge cannot put ${name} in order, which is ${dataType}`;
  return anyCollation || BY_CODE_POINTS.test(own.collation ?? "")
    ? undefined
    : `@merge cannot sort ${name} as ${own.collation} does: give the column a binary collation ` +
      "of UTF-8 that pads, such as utf8mb4_bin, or order by another one";
}

/** The table's column that a result's column is, where it is one as it stands. */
function schemaOf(
  { orgTable, orgName }: ColumnInfo,
  known: readonly TableSchema[],
): SchemaColumn | undefined {
  const tables: NamedTable[] = [{ table: orgTable, alias: orgTable }];
  const columns = [{ param: "", column: orgName, qualifier: undefined }];
  return comparedSchema(known, { tables, columns })[0];
}

/**
 * `ORDER BY p.id` sorts by that column, whatever the result calls `id`; and where a page's condition
 * stands in WHERE, its `id` is the column of a table that has one, though ORDER BY takes the result's.
 */
function aliasFault(
  statement: Pick<Statement, "sql" | "merge">,
  { columns, known }: OrderedResult,
): string | undefined {
  const { sql } = statement;
  const { tokens } = scanSql(sql);
  const inWhere = clauseAround(tokens, pagesOf(statement)?.after) === "WHERE";
  const tables = tablesOf(tokens.filter(({ depth }) => depth === 0));
  for (const { name, qualifier } of orderOf(sql, tokens)?.columns ?? []) {
    const column = columns.find((candidate) => same(candidate.name, name));
    const owners = qualifier !== undefined
      ? [qualifier]
      : inWhere
      ? tables.map(({ table }) => table).filter((table) => hasColumn(known, table, name))
      : [];
    const [owner] = owners;
    const own = qualifier === undefined ? column?.orgTable : column?.table;
    const isIt = column !== undefined && same(column.orgName, name) &&
      owners.some((table) => same(table, own ?? ""));
    if (owner !== undefined && !isIt) {
      return `@merge cannot tell whether ${owner}.${name} is the ${name} of the result`;
    }
  }
}

/** Whether it is a table, and no view, that has such a column. */
function hasColumn(known: readonly TableSchema[], table: string, name: string): boolean {
  return known.some((schema) =>
    schema.engine !== undefined && same(schema.table, table) &&
    schema.columns.some(({ column }) => same(column, name))
  );
}

function aggregateFault(
  columns: readonly ColumnInfo[],
  aggregates: Readonly<Record<string, string>>,
): string | undefined {
  for (const column of columns) {
    const { name } = column;
    if (!Object.hasOwn(aggregates, name)) {
      return `@merge must say what becomes of ${name}: sum=, min= or max=`;
    }
    const encoding = encodingOf(column);
    const isBits = column.type === MYSQL_TYPE.BIT;
    if (aggregates[name] === "sum" && (isBits || !SUMMED.has(encoding))) {
      return `@merge cannot sum ${name}, which is ${isBits ? "bits" : encoding}`;
    }
  }
}

function same(a: string, b: string): boolean {
  return a.toLowerCase() === b.toLowerCase();
}
