import { RealmgateError } from "../../core/errors.ts";
import type { ColumnInfo, Rows } from "../../drivers/mysql.ts";
import { encodingOf } from "../column_encoding.ts";
import type { Aggregate } from "../statement.ts";
import { placeOf, type Row } from "./merge_order.ts";
import { comparatorOf, sameScale, scaleOf } from "./order_values.ts";

/**
 * One row from each shard's row of aggregates: columns are summed, or their least or greatest value
 * is taken. NULL, which an aggregate over no rows is, counts for nothing.
 *
 * @throws {RealmgateError} `constraint_violation` where a sum of doubles is past the largest one
 */
export function mergeAggregates(
  results: readonly Rows[],
  aggregates: Readonly<Record<string, Aggregate>>,
): Row[] {
  const [first] = results.filter(({ rows }) => rows.length > 0);
  if (first === undefined) return [];
  const rows = results.flatMap((result) => result.rows.slice(0, 1));
  const merged: unknown[] = new Array(first.columns.length).fill(null);
  for (const [name, aggregate] of Object.entries(aggregates)) {
    const at = placeOf(first.columns, name);
    const column = first.columns[at] as ColumnInfo;
    const values = rows.map((row) => row[at]).filter((value) => value !== null);
    merged[at] = values.length === 0 ? null : combine(column, { aggregate, values });
  }
  return [{ columns: first.columns, row: merged }];
}

function combine(
  column: ColumnInfo,
  { aggregate, values }: { readonly aggregate: Aggregate; readonly values: readonly unknown[] },
): unknown {
  if (aggregate !== "sum") {
    const compare = comparatorOf(column);
    const sign = aggregate === "min" ? 1 : -1;
    return values.reduce((best, value) => sign * compare(value, best) < 0 ? value : best);
  }
  return encodingOf(column) === "double"
    ? addDoubles(values, column.name)
    : values.map(String).reduce(addDecimals);
}

/** The sum of doubles; one that no double holds is the error that it is in a database. */
function addDoubles(values: readonly unknown[], name: string): number {
  const sum = values.reduce((sum: number, value) => sum + Number(value), 0);
  if (Number.isFinite(sum)) return sum;
  throw new RealmgateError("constraint_violation", `Cannot sum ${name}: it is outside its range`, {
    extra: { constraint: { kind: "range", name } },
  });
}

/** The exact sum of two decimals. */
function addDecimals(a: string, b: string): string {
  const scale = Math.max(scaleOf(a), scaleOf(b));
  const [x, y] = sameScale(a, b);
  const sum = BigInt(x) + BigInt(y);
  if (scale === 0) return String(sum);
  const digits = String(sum < 0n ? -sum : sum).padStart(scale + 1, "0");
  const sign = sum < 0n ? "-" : "";
  return `${sign}${digits.slice(0, -scale)}.${digits.slice(-scale)}`;
}
