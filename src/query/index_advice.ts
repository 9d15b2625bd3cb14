import { type NamedTable, tablesOf } from "./compared_columns.ts";
import type { SchemaColumn } from "./key_collation.ts";
import { type PlanNode, planTables, walkPlan } from "./plan_node.ts";
import type { MissingIndex } from "./plan_warnings.ts";
import { type ColumnName, type Condition, type SoughtRows, soughtRows } from "./sql_conditions.ts";
import type { SqlToken } from "./sql_scanner.ts";
import type { Statement } from "./statement.ts";
import { same, type TableSchema } from "./table_schema.ts";

/** What an {@linkcode IndexAdvice} is made of. */
export interface IndexAdviceOptions {
  readonly tokens: readonly SqlToken[];
  readonly params: Statement["params"];
  /** The tables that the statement names. */
  readonly schema: readonly TableSchema[];
  readonly plan: PlanNode;
}

/** A table of the statement, with its schema. */
interface KnownTable extends NamedTable {
  readonly schema: TableSchema;
}

/** A column of an index that is not there. */
interface Part {
  readonly column: string;
  readonly descending: boolean;
}

/** Types with so few values that an index may find too many rows to be of use. */
const FEW_VALUES = /^(tinyint|bit|enum|set)$/i;
const TOO_LONG = /text$|blob$|^json$|geometry|point|polygon|linestring|^vector$/i;
const WHOLE = new Set(["bigint", "ubigint", "int"]);

/**
 * Which index would help a statement: first the columns that are compared for equality, then those
 * of ORDER BY, or one that is compared with a range. Silent wherever the words of the statement and
 * the schema do not tell for certain, and where such an index is there already.
 */
export class IndexAdvice {
  readonly #options: IndexAdviceOptions;
  readonly #tables: readonly KnownTable[];
  readonly #sought: SoughtRows | undefined;

  constructor(options: IndexAdviceOptions) {
    const { tokens, params, schema } = options;
    this.#options = options;
    this.#tables = tablesOf(tokens).flatMap((named) => {
      const found = schema.find(({ table }) => same(table, named.table));
      return found === undefined ? [] : [{ ...named, schema: found }];
    });
    this.#sought = soughtRows(tokens, {
      isColumn: (name) => this.#tables.some(({ schema }) => columnOf(schema, name) !== undefined),
      isList: (name) => params.some((spec) => spec.name === name && spec.type.kind === "array"),
    });
  }

  /** The table's own name, by what the statement calls it. */
  nameOf(alias: string): string {
    return this.#tables.find((table) => same(table.alias, alias))?.table ?? alias;
  }

  /** Such as `an index on (player_id, at) would be used`, or `undefined`. */
  advise({ alias, lack }: MissingIndex): string | undefined {
    const table = this.#tables.find((known) => same(known.alias, alias));
    if (table === undefined || this.#sought === undefined) return undefined;
    const { sure, parts } = this.#partsFor(table, { sought: this.#sought, lack });
    if (parts.length === 0 || !parts.every(({ column }) => isShort(table.schema, column))) return;
    const fixed = parts.filter(({ column }) => this.#isFixed(column, table)).length;
    if (isThere(table.schema, { columns: parts.map(({ column }) => column), fixed })) return;
    // Where only some directions differ, an index read backwards does not give the order either.
    const mixed = new Set(parts.slice(fixed).map(({ descending }) => descending)).size > 1;
    const list = parts.map(({ column, descending }) =>
      mixed && descending ? `${column} DESC` : column
    );
    const given = parts.filter(({ column }) => this.#conditionsOn(column, table).length > 0);
    const few = given.every(({ column }) =>
      FEW_VALUES.test(columnOf(table.schema, column)?.dataType ?? "") ||
      this.#conditionsOn(column, table).every(isNull)
    );
    const doubtful = !sure || (given.length > 0 && few);
    return `an index on (${list.join(", ")}) ${doubtful ? "could" : "would"} be used`;
  }

  #partsFor(
    table: KnownTable,
    { sought, lack }: { readonly sought: SoughtRows; readonly lack: MissingIndex["lack"] },
  ): { readonly sure: boolean; readonly parts: readonly Part[] } {
    const own = sought.conditions.filter((condition) => this.#isUsable(condition, table));
    const columnsOf = (kind: Condition["kind"]) =>
      own.filter((condition) => condition.kind === kind).map(({ column }) => column);
    const equal = distinct(columnsOf("equal"));
    const lists = distinct(columnsOf("list")).filter((column) => !has(equal, column));
    const ranges = distinct(columnsOf("range")).filter((column) =>
      !has([...equal, ...lists], column)
    );
    const order = this.#orderIn(table, sought)?.filter(({ column }) => !has(equal, column)) ?? [];
    const [range] = ranges;
    // An index gives the order only behind single values, and behind no range of another column.
    const ordered = order.length > 0 && lists.length === 0 &&
      ranges.every((column) => same(column, order[0]?.column ?? ""));
    if (ordered && (equal.length > 0 || range !== undefined || sought.limited)) {
      return { sure: true, parts: [...equal.map(ascending), ...order] };
    }
    if (lack === "sort") return { sure: false, parts: [] };
    const found = [...equal, ...lists, ...(range === undefined ? [] : [range])];
    return { sure: equal.length + lists.length > 0, parts: found.map(ascending) };
  }

  /** The columns of ORDER BY, if all are this table's and its rows are read first. */
  #orderIn(table: KnownTable, { order, grouped }: SoughtRows): readonly Part[] | undefined {
    const first = walkPlan(this.#options.plan).find((node) => node.table !== undefined);
    if (order === undefined || grouped || !same(first?.table ?? "", table.alias)) return undefined;
    if (!order.every((name) => this.#tableOf(name) === table)) return undefined;
    return order;
  }

  /** Whether rows of the table can be found by the condition when they are read. */
  #isUsable(condition: Condition, table: KnownTable): boolean {
    if (this.#tableOf(condition) !== table) return false;
    const column = columnOf(table.schema, condition.column);
    if (column === undefined) return false;
    if (!("column" in condition.with)) return this.#fits(column, condition.with);
    const other = this.#tableOf(condition.with);
    const theirs = other && columnOf(other.schema, condition.with.column);
    if (other === undefined || theirs === undefined || theirs.collation !== column.collation) {
      return false;
    }
    const read = planTables(this.#options.plan).map(({ table }) => table.toLowerCase());
    const place = ({ alias }: NamedTable) => read.indexOf(alias.toLowerCase());
    return place(other) >= 0 && place(other) < place(table);
  }

  /** A text column compared with a number is converted, row by row. */
  #fits(column: SchemaColumn, value: readonly SqlToken[]): boolean {
    if (column.collation === null) return true;
    return !value.some(({ kind, text }) =>
      kind === "number" ||
      (kind === "param" && this.#options.params.some(({ name, type }) =>
        name === text && WHOLE.has(type.kind === "array" ? type.of.kind : type.kind)
      ))
    );
  }

  #isFixed(column: string, table: KnownTable): boolean {
    return this.#conditionsOn(column, table).some(({ kind }) => kind === "equal");
  }

  /** Those that give a column one value, or a list of them. */
  #conditionsOn(column: string, table: KnownTable): readonly Condition[] {
    return this.#sought?.conditions.filter((condition) =>
      condition.kind !== "range" && same(condition.column, column) &&
      this.#isUsable(condition, table)
    ) ?? [];
  }

  /** The one table that a column can be of. */
  #tableOf({ column, qualifier }: ColumnName): KnownTable | undefined {
    const found = this.#tables.filter(({ alias, schema }) =>
      (qualifier === undefined || same(alias, qualifier)) && columnOf(schema, column) !== undefined
    );
    return found.length === 1 ? found[0] : undefined;
  }
}

/**
 * Whether an index begins with these columns, the first `fixed` of them in any order. Indexes of
 * InnoDB have the primary key's columns at their end, those of other engines do not.
 */
function isThere(
  { indexes, engine = "InnoDB" }: TableSchema,
  { columns, fixed }: { readonly columns: readonly string[]; readonly fixed: number },
): boolean {
  const primary = indexes.find(({ name }) => name === "PRIMARY")?.columns ?? [];
  return indexes.some((index) => {
    const tail = engine === "InnoDB" ? primary : [];
    const all = [...index.columns, ...tail.filter((column) => !has(index.columns, column))];
    return columns.slice(0, fixed).every((column) => has(all.slice(0, fixed), column)) &&
      columns.slice(fixed).every((column, at) => same(column, all[fixed + at] ?? ""));
  });
}

function columnOf({ columns }: TableSchema, name: string): SchemaColumn | undefined {
  return columns.find(({ column }) => same(column, name));
}

/** Whether an index can hold the column whole. */
function isShort(schema: TableSchema, name: string): boolean {
  return !TOO_LONG.test(columnOf(schema, name)?.dataType ?? "text");
}

/** IS NULL, which may be true of any number of rows. */
function isNull({ with: value }: Condition): boolean {
  return "length" in value && value.length === 1 && value[0]?.upper === "NULL";
}

function ascending(column: string): Part {
  return { column, descending: false };
}

function has(columns: readonly string[], column: string): boolean {
  return columns.some((other) => same(other, column));
}

function distinct(columns: readonly string[]): string[] {
  return columns.filter((column, at) => columns.findIndex((other) => same(other, column)) === at);
}
