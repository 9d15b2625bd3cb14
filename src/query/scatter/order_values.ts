import type { ColumnInfo } from "../../drivers/mysql.ts";
import { encodingOf } from "../column_encoding.ts";
import type { ColumnEncoding } from "../statement.ts";

/** Compares two values of one column: below 0 if the first comes first in ascending order. */
export type Comparator = (a: unknown, b: unknown) => number;

/**
 * The comparator of a column that sorts as the database's own `ORDER BY` does, NULL before all else.
 * Texts are compared by their characters, as binary collations do.
 */
export function comparatorOf(column: ColumnInfo): Comparator {
  const compare = COMPARATORS[encodingOf(column)] ?? compareTexts;
  return (a, b) => {
    if (a === null || b === null) return a === b ? 0 : a === null ? -1 : 1;
    return compare(a, b);
  };
}

/** Whether rows can be put in the order of columns that are written so. */
export function isOrdered(encoding: ColumnEncoding): boolean {
  return COMPARATORS[encoding] !== undefined;
}

const COMPARATORS: Partial<Record<ColumnEncoding, Comparator>> = {
  integer: compareNumbers,
  double: compareNumbers,
  bool: compareNumbers,
  bigint: compareWholes,
  decimal: (a, b) => compareWholes(...sameScale(String(a), String(b))),
  datetime: (a, b) => compareTexts(withoutZeros(String(a)), withoutZeros(String(b))),
  date: compareTexts,
  string: compareTexts,
  bytes: compareBytes,
};

function compareNumbers(a: unknown, b: unknown): number {
  return a instanceof Uint8Array ? compareBytes(a, b) : Number(a) - Number(b);
}

function compareWholes(a: unknown, b: unknown): number {
  if (a instanceof Uint8Array) return compareBytes(a, b);
  const [x, y] = [BigInt(a as string), BigInt(b as string)];
  return x < y ? -1 : x > y ? 1 : 0;
}

/** Decimals as whole numbers of their smallest digit. */
export function sameScale(a: string, b: string): [string, string] {
  const scale = Math.max(scaleOf(a), scaleOf(b));
  return [shifted(a, scale), shifted(b, scale)];
}

/** Digits behind a decimal's point. */
export function scaleOf(text: string): number {
  const point = text.indexOf(".");
  return point < 0 ? 0 : text.length - point - 1;
}

function shifted(text: string, scale: number): string {
  return text.replace(".", "") + "0".repeat(scale - scaleOf(text));
}

/** The driver may drop zeros at the end of a fraction, and a fraction of nothing but zeros. */
function withoutZeros(text: string): string {
  return text.includes(".") ? text.replace(/\.?0+$/, "") : text;
}

/** By code points; what a text lacks at its end counts as spaces, as in most collations. */
function compareTexts(a: unknown, b: unknown): number {
  if (a instanceof Uint8Array) return compareBytes(a, b);
  const [x, y] = [String(a), String(b)];
  const length = Math.max(x.length, y.length);
  for (let at = 0; at < length; at++) {
    const left = at < x.length ? x.codePointAt(at) as number : SPACE;
    const right = at < y.length ? y.codePointAt(at) as number : SPACE;
    if (left !== right) return left - right;
  }
  return 0;
}

const SPACE = 0x20;

function compareBytes(a: unknown, b: unknown): number {
  const [x, y] = [a as Uint8Array, b as Uint8Array];
  const length = Math.min(x.length, y.length);
  for (let at = 0; at < length; at++) {
    const difference = (x[at] as number) - (y[at] as number);
    if (difference !== 0) return difference;
  }
  return x.length - y.length;
}
