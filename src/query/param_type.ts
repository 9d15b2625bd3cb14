import type { ScalarType } from "./statement.ts";
import { didYouMean } from "./suggest.ts";

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

/**
 * Reads a type as `@param` lines write it: `bigint`, `decimal(20,4)`, `string[]`.
 * The answer is a sentence where it is none. Rows are read by `rows_annotation.ts`.
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
export function readParamType(
  text: string,
): ScalarType | { readonly kind: "array"; readonly of: ScalarType } | string {
  if (!text.endsWith("[]")) return readScalarType(text);
  const of = readScalarType(text.slice(0, -2));
  if (typeof of === "string") return of;
  return of.kind === "json" ? "a list of json is not a type" : { kind: "array", of };
}

/** The same for the type of one value. */
export function readScalarType(text: string): ScalarType | string {
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
