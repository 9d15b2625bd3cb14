/** A number as it was written, which no JavaScript number is: `JSON.stringify` writes it so again. */
export interface RawNumber {
  readonly rawJSON: string;
}

/** What V8 has of https://github.com/tc39/proposal-json-parse-with-source, which TypeScript lacks. */
interface JsonWithSource {
  parse(
    text: string,
    revive: (key: string, value: unknown, context: { readonly source?: string }) => unknown,
  ): unknown;
  rawJSON(text: string): RawNumber;
  isRawJSON(value: unknown): value is RawNumber;
}

const json = JSON as unknown as JsonWithSource;
/** A number that a double may not carry: of many digits, or with an exponent. */
const DOUBTFUL = /(?:^|[:[,])\s*-?(?:\d[\d.]{15}|[\d.]+[eE])/;
/** Digits that a double carries exactly. */
export const EXACT_DIGITS = 15;

/**
 * Parses JSON, but keeps numbers that a double would change as {@linkcode RawNumber}s: those of more
 * than 15 digits, and those past its range.
 *
 * @throws {SyntaxError}
 * @throws {RangeError} if such a number stands among values nested by the thousands
 *
 * @example
 * ```ts
 * import { parseExact } from "./exact_json.ts";
 * import { assertEquals } from "@std/assert";
 *
 * const text = '{"id":9007199254740993,"x":[1e400,5]}';
 * assertEquals(JSON.stringify(parseExact(text)), text);
 * ```
 */
export function parseExact(text: string): unknown {
  return DOUBTFUL.test(text) ? json.parse(text, keep) : JSON.parse(text);
}

/** What JSON.parse would have made of a value, a {@linkcode RawNumber} or not. */
export function plainNumber(value: unknown): unknown {
  return typeof value === "object" && json.isRawJSON(value) ? Number(value.rawJSON) : value;
}

/** Whether a value is a number that a double would change. */
export function isRaw(value: unknown): value is RawNumber {
  return json.isRawJSON(value);
}

function keep(
  _key: string,
  value: unknown,
  { source = "" }: { readonly source?: string },
): unknown {
  if (typeof value !== "number") return value;
  const digits = source.replace(/[eE].*/, "").replace(/^-?0?\.?0*|\./g, "").replace(/^0+/, "");
  const exact = digits.length <= EXACT_DIGITS && Number.isFinite(value) &&
    (value !== 0 || digits === "");
  return exact ? value : json.rawJSON(source);
}
