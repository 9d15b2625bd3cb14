import { Buffer } from "node:buffer";
import type { ColumnInfo } from "../drivers/mysql.ts";
import { MYSQL_TYPE } from "./column_encoding.ts";
import type { ColumnEncoding } from "./statement.ts";

/** Writes a value of the database, which is never `null`, as JSON text. */
export type ValueWriter = (value: unknown) => string;

/** How 64-bit integers are written: as strings, or as bare digits for readers that take them. */
export type Int64 = "string" | "number";

/** Text that JSON writes as it is: no quote, no backslash, no control character, no surrogate. */
const PLAIN = /^[\x20-\x21\x23-\x5b\x5d-\ud7ff\ue000-\uffff]*$/;

/** The writer of a column whose encoding was decided. */
export function writerOf(
  column: ColumnInfo,
  options: { readonly encoding: ColumnEncoding; readonly int64: Int64 },
): ValueWriter {
  const { encoding } = options;
  switch (encoding) {
    case "integer":
      return writeDigits;
    case "bigint":
      return options.int64 === "number" ? writeDigits : writeQuotedDigits;
    case "decimal":
      return writeQuoted;
    case "double":
      return column.type === MYSQL_TYPE.FLOAT ? writeFloat : writeNumber;
    case "bool":
      return column.type === MYSQL_TYPE.BIT && column.length === 1 ? writeBit : writeBool;
    case "string":
      return writeString;
    case "time":
      return (value) => `"${withFraction(String(value), column.decimals)}"`;
    case "bytes":
      return writeBytes;
    case "datetime":
      return (value) => writeDatetime(value, column.decimals);
    case "date":
      return writeDate;
    case "json":
      return writeJson;
    case "uuid":
      return writeUuid;
  }
}

function writeDigits(value: unknown): string {
  return value instanceof Uint8Array ? bitDigits(value) : String(value);
}

function writeQuotedDigits(value: unknown): string {
  return `"${writeDigits(value)}"`;
}

function writeQuoted(value: unknown): string {
  return `"${String(value)}"`;
}

function writeNumber(value: unknown): string {
  return String(value);
}

/** The largest FLOAT: the shortest digits that give it are above it, and no column takes them. */
const MAX_FLOAT = 2 ** 128 - 2 ** 104;

/** The shortest digits that give the same FLOAT, as the server itself would show it. */
function writeFloat(value: unknown): string {
  const number = Number(value);
  const single = Math.fround(number);
  for (let digits = 6; digits < 9; digits++) {
    const short = Number(single.toPrecision(digits));
    if (Math.fround(short) === single && Math.abs(short) <= MAX_FLOAT) return String(short);
  }
  return String(number);
}

function writeBool(value: unknown): string {
  if (value instanceof Uint8Array) return value.some((byte) => byte !== 0) ? "true" : "false";
  return Number(value) !== 0 ? "true" : "false";
}

/** One bit: a byte that is 0 or 1, but the digit of it where MariaDB sends `MAX(flag)`. */
function writeBit(value: unknown): string {
  return value instanceof Uint8Array ? String(((value[0] ?? 0) & 1) === 1) : writeBool(value);
}

function writeString(value: unknown): string {
  if (typeof value === "string") return PLAIN.test(value) ? `"${value}"` : JSON.stringify(value);
  return value instanceof Uint8Array ? JSON.stringify(textOf(value)) : JSON.stringify(value);
}

function writeBytes(value: unknown): string {
  return value instanceof Uint8Array ? `"${viewOf(value).toString("base64")}"` : writeString(value);
}

/** A day that the calendar does not have, such as MySQL's zero date, is `null`. */
function writeDatetime(value: unknown, decimals: number): string {
  const text = String(value);
  if (text.includes("-00")) return "null";
  return `"${text.slice(0, 10)}T${withFraction(text.slice(11), decimals)}Z"`;
}

/** A time with all its column's digits: mysql2 drops zeros from the binary protocol's. */
function withFraction(text: string, decimals: number): string {
  if (decimals === 0 || decimals > 6) return text;
  const point = text.indexOf(".");
  return point < 0
    ? `${text}.${"0".repeat(decimals)}`
    : text.slice(0, point + 1) + text.slice(point + 1).padEnd(decimals, "0");
}

function writeDate(value: unknown): string {
  const text = String(value);
  return text.includes("-00") ? "null" : `"${text}"`;
}

/**
 * JSON as it stands. It is parsed all the same, for MariaDB takes `1.` for JSON; text that is
 * none is written as a string, so that one row never breaks an answer.
 */
function writeJson(value: unknown): string {
  if (typeof value !== "string" && !(value instanceof Uint8Array)) return JSON.stringify(value);
  const text = typeof value === "string" ? value : textOf(value);
  try {
    JSON.parse(text);
    return text;
  } catch {
    return JSON.stringify(text);
  }
}

function writeUuid(value: unknown): string {
  if (value instanceof Uint8Array && value.length !== 16) return writeBytes(value);
  const hex = value instanceof Uint8Array
    ? viewOf(value).toString("hex")
    : String(value).replaceAll("-", "").toLowerCase();
  if (!/^[0-9a-f]{32}$/.test(hex)) return writeString(value);
  return `"${hex.slice(0, 8)}-${hex.slice(8, 12)}-${hex.slice(12, 16)}-${hex.slice(16, 20)}-${
    hex.slice(20)
  }"`;
}

function bitDigits(bits: Uint8Array): string {
  let value = 0n;
  for (const byte of bits) value = (value << 8n) | BigInt(byte);
  return String(value);
}

function textOf(bytes: Uint8Array): string {
  return viewOf(bytes).toString("utf8");
}

function viewOf(bytes: Uint8Array): Buffer {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}
