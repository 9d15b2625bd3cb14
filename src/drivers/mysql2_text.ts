import { Buffer } from "node:buffer";
import type { SqlValue } from "./mysql.ts";

/** What mysql2's formatter puts into the text as it is. */
interface Literal {
  toSqlString(): string;
}

/**
 * A value as a literal for the text protocol. Strings and bytes are written in hexadecimal: no
 * quote, backslash or SQL mode can change where such a literal ends.
 *
 * @example
 * ```ts
 * import { literal } from "./mysql2_text.ts";
 * import { assertEquals } from "@std/assert";
 *
 * const written = literal("it's");
 * assertEquals(typeof written === "object" && written?.toSqlString(), "_utf8mb4 X'69742773'");
 * ```
 */
export function literal(value: SqlValue): Literal | number | null {
  if (value === null || typeof value === "number") return value;
  const text = typeof value === "string"
    ? `_utf8mb4 X'${Buffer.from(value).toString("hex")}'`
    : `X'${toBuffer(value).toString("hex")}'`;
  return { toSqlString: () => text };
}

/** mysql2 sends a Buffer as bytes, but any other Uint8Array as text. */
export function bindable(values: readonly SqlValue[]): readonly SqlValue[] {
  for (const value of values) {
    if (typeof value === "object" && value !== null && !Buffer.isBuffer(value)) {
      return values.map((each) =>
        typeof each === "object" && each !== null ? toBuffer(each) : each
      );
    }
  }
  return values;
}

function toBuffer(bytes: Uint8Array): Buffer {
  return Buffer.isBuffer(bytes)
    ? bytes
    : Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}
