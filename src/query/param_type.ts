import type { ParamType, ScalarType } from "./statement.ts";
import { didYouMean } from "./suggest.ts";
import { splitCommas } from "./words.ts";

const PLAIN = [
  "bigint",
  "ubigint",
  "int",
  "double",
  "bool",
  "string",
  "bytes",
  "datetime",
  "date",
  "json",
] as const;

/** Rows that one `rows(…)` parameter may have where `max=` does not say. */
export const DEFAULT_MAX_ROWS_PARAM = 100;

/**
 * Reads a type as `@param` lines write it: `bigint`, `decimal(20,4)`, `string[]`,
 * `rows(id bigint, amount int)`. The answer is a sentence where it is none.
 *
 * @example
 * ```ts
 * import { readParamType } from "./param_type.ts";
 * import { assertEquals } from "@std/assert";
 *
 * assertEquals(readParamType("bigint[]"), { kind: "array", of: { kind: "bigint" } });
 * assertEquals(readParamType("bigit"), 'unknown type "bigit" (did you mean bigint?)');
 * ```
 */
export function readParamType(text: string): ParamType | string {
  if (text.endsWith("[]")) {
    const of = readScalar(text.slice(0, -2));
    if (typeof of === "string") return of;
    return of.kind === "json" ? "a list of json is not a type" : { kind: "array", of };
  }
  const rows = /^rows\((.*)\)$/s.exec(text);
  return rows === null ? readScalar(text) : readRows(rows[1] ?? "");
}

function readScalar(text: string): ScalarType | string {
  const plain = PLAIN.find((kind) => kind === text);
  if (plain !== undefined) return { kind: plain };
  const decimal = /^decimal\(\s*(\d{1,2})\s*(?:,\s*(\d{1,2})\s*)?\)$/.exec(text);
  if (decimal !== null) {
    const precision = Number(decimal[1]);
    const scale = Number(decimal[2] ?? 0);
    return precision >= 1 && precision <= 65 && scale <= Math.min(30, precision)
      ? { kind: "decimal", precision, scale }
      : `${text} must have 1 to 65 digits, at most 30 of them after the point`;
  }
  if (text === "decimal") return "decimal must say its digits, such as decimal(20,4)";
  return `unknown type "${text}"${didYouMean(text, [...PLAIN, "decimal(p,s)"])}`;
}

function readRows(text: string): ParamType | string {
  const columns: { name: string; type: ScalarType }[] = [];
  for (const part of splitCommas(text)) {
    const [, name, typeText] = /^([A-Za-z_]\w*)\s+(.+)$/.exec(part) ?? [];
    if (name === undefined || typeText === undefined) {
      return `rows(…) must list names and types, such as rows(id bigint, amount int)`;
    }
    if (columns.some((column) => column.name === name)) return `rows(…) names ${name} twice`;
    const type = readScalar(typeText);
    if (typeof type === "string") return type;
    columns.push({ name, type });
  }
  return { kind: "rows", columns, max: DEFAULT_MAX_ROWS_PARAM };
}
