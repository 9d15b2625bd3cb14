import type { SqlValue } from "../../drivers/mysql.ts";
import { scaleOf } from "./order_values.ts";
import type { PlaceKind, PlaceValue } from "./page_cursor.ts";

/** One column of the order, as the SQL's own ORDER BY writes it, such as `p.xp`. */
export interface KeysetColumn {
  readonly sql: string;
  readonly descending: boolean;
}

/** A condition with its values, in the order of their placeholders. */
export interface Condition {
  readonly text: string;
  readonly values: readonly SqlValue[];
}

/** The condition of the first page. */
export const FROM_THE_START: Condition = { text: "TRUE", values: [] };

const PLACEHOLDERS: Readonly<Record<Exclude<PlaceKind, "d">, string>> = {
  i: "CAST(? AS SIGNED)",
  u: "CAST(? AS UNSIGNED)",
  f: "?",
  t: "CAST(? AS DATETIME(6))",
  D: "CAST(? AS DATE)",
  s: "?",
  b: "?",
};

/**
 * The condition for rows that come after a place in the order. NULL comes first, as the databases
 * have it: `a > ? OR (a = ? AND b > ?)`, which they answer from an index over the columns.
 *
 * @example
 * ```ts
 * import { afterPlace } from "./keyset.ts";
 * import { assertEquals } from "@std/assert";
 *
 * const order = [{ sql: "xp", descending: true }, { sql: "id", descending: false }];
 * const place = ["7", "42"].map((value) => ({ kind: "i", value, nullable: false }) as const);
 * assertEquals(afterPlace(order, place), {
 *   text: "(xp < CAST(? AS SIGNED) OR (xp = CAST(? AS SIGNED) AND (id > CAST(? AS SIGNED))))",
 *   values: ["7", "7", "42"],
 * });
 * ```
 */
export function afterPlace(
  order: readonly KeysetColumn[],
  place: readonly PlaceValue[],
): Condition {
  const [column, ...columns] = order;
  const [at, ...rest] = place;
  if (column === undefined || at === undefined) return { text: "FALSE", values: [] };
  const beyond = beyondValue(column, at);
  if (columns.length === 0) return { text: `(${beyond.text})`, values: beyond.values };
  const deeper = afterPlace(columns, rest);
  const same = at.value === null
    ? { text: `${column.sql} IS NULL`, values: [] }
    : { text: `${column.sql} = ${placeholderOf(at)}`, values: [at.value] };
  return {
    text: `(${beyond.text} OR (${same.text} AND ${deeper.text}))`,
    values: [...beyond.values, ...same.values, ...deeper.values],
  };
}

function beyondValue(
  { sql, descending }: KeysetColumn,
  place: PlaceValue,
): Condition {
  const { value, nullable } = place;
  if (value === null) return { text: descending ? "FALSE" : `${sql} IS NOT NULL`, values: [] };
  const text = `${sql} ${descending ? "<" : ">"} ${placeholderOf(place)}`;
  const nullsFollow = descending && nullable;
  return { text: nullsFollow ? `${text} OR ${sql} IS NULL` : text, values: [value] };
}

/** A decimal keeps all its digits on both sides of the point, whatever its column's scale is. */
function placeholderOf({ kind, value }: PlaceValue): string {
  return kind === "d" ? `CAST(? AS DECIMAL(65,${scaleOf(String(value))}))` : PLACEHOLDERS[kind];
}
