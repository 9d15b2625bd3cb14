import type { ColumnInfo, Rows } from "../../drivers/mysql.ts";
import type { OrderColumn } from "../statement.ts";
import { type Comparator, comparatorOf } from "./order_values.ts";

/** A row with the columns that say how it is written. */
export interface Row {
  readonly columns: readonly ColumnInfo[];
  readonly row: readonly unknown[];
}

/**
 * One list of rows from lists that are in this order already, each shard's in its own (a k-way
 * merge). Rows that the order takes for equal keep the order of their shards.
 *
 * @param options.limit rows that are taken
 */
export function mergeOrdered(
  results: readonly Rows[],
  options: { readonly order: readonly OrderColumn[]; readonly limit: number },
): Row[] {
  const heads = results.filter(({ rows }) => rows.length > 0).map((result) => new Head(result));
  const [any] = heads;
  if (any === undefined) return [];
  const compare = comparing(any.columns, options.order);
  const merged: Row[] = [];
  while (merged.length < options.limit) {
    let least: Head | undefined;
    for (const head of heads) {
      if (head.row === undefined) continue;
      if (least?.row === undefined || compare(head.row, least.row) < 0) least = head;
    }
    if (least?.row === undefined) break;
    merged.push({ columns: least.columns, row: least.row });
    least.at++;
  }
  return merged;
}

/** The place of a column in a result. @throws {TypeError} if it is not there */
export function placeOf(columns: readonly ColumnInfo[], name: string): number {
  const at = columns.findIndex((column) => column.name === name);
  if (at >= 0) return at;
  throw new TypeError(`Cannot merge rows: the result must have the column ${name}`);
}

class Head {
  readonly columns: readonly ColumnInfo[];
  readonly #rows: Rows["rows"];
  at = 0;

  constructor({ columns, rows }: Rows) {
    this.columns = columns;
    this.#rows = rows;
  }

  get row(): readonly unknown[] | undefined {
    return this.#rows[this.at];
  }
}

function comparing(
  columns: readonly ColumnInfo[],
  order: readonly OrderColumn[],
): (a: readonly unknown[], b: readonly unknown[]) => number {
  const steps = order.map(({ name, descending }) => {
    const at = placeOf(columns, name);
    const compare: Comparator = comparatorOf(columns[at] as ColumnInfo);
    return { at, compare, sign: descending ? -1 : 1 };
  });
  return (a, b) => {
    for (const { at, compare, sign } of steps) {
      const result = compare(a[at], b[at]);
      if (result !== 0) return sign * result;
    }
    return 0;
  };
}
