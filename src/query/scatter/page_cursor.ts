import { Buffer } from "node:buffer";
import type { ColumnInfo, SqlValue } from "../../drivers/mysql.ts";
import { murmur3 } from "../../routing/murmur3.ts";
import { encodingOf, MYSQL_TYPE } from "../column_encoding.ts";
import { Refusal, type ScalarCodec } from "../scalar_codec.ts";
import type { OrderColumn } from "../statement.ts";
import { placeOf } from "./merge_order.ts";

/**
 * How a value of the order is bound again, which decides the CAST around its placeholder: as a whole
 * number, signed or unsigned, a decimal, a float, an instant, a day, a text, or bytes.
 */
export type PlaceKind = "i" | "u" | "d" | "f" | "t" | "D" | "s" | "b";

/** One value of the row that a page ended with. */
export interface PlaceValue {
  readonly kind: PlaceKind;
  readonly value: SqlValue;
  /** Whether other rows may have NULL there. */
  readonly nullable: boolean;
}

/** A longer text is no cursor of ours: there is room for the longest text that sessions sort whole. */
const MAX_LENGTH = 16_384;
const UNSIGNED = 32;
const NOT_NULL = 1;

/**
 * The opaque texts that name where a page ended: the values that its last row has in the columns of
 * the order. They say of which statement they are; whoever forges one only begins a page elsewhere.
 */
export class PageCursor implements ScalarCodec {
  readonly placeholder = "?";
  readonly #order: readonly OrderColumn[];
  readonly #mark: number;

  constructor(statement: string, order: readonly OrderColumn[]) {
    this.#order = order;
    const columns = order.map(({ name, descending }) => `${name}${descending ? "-" : "+"}`);
    this.#mark = murmur3(`${statement} ${columns.join()}`);
  }

  /** The cursor of a page that ends with this row. */
  write(columns: readonly ColumnInfo[], row: readonly unknown[]): string {
    const values = this.#order.map(({ name }) => {
      const at = placeOf(columns, name);
      const column = columns[at] as ColumnInfo;
      const nullable = (column.flags & NOT_NULL) === 0 ? 1 : 0;
      const kind = kindOf(column);
      return [kind, toText(row[at], kind), nullable];
    });
    return Buffer.from(JSON.stringify([this.#mark, values])).toString("base64url");
  }

  /** What {@linkcode write} put into it; `undefined` if it is none of this statement's. */
  read(text: string): PlaceValue[] | undefined {
    let sent: unknown;
    try {
      sent = JSON.parse(Buffer.from(text, "base64url").toString("utf8"));
    } catch {
      return undefined;
    }
    const [mark, values] = Array.isArray(sent) ? sent as unknown[] : [];
    if (mark !== this.#mark || !Array.isArray(values)) return undefined;
    const places = values.map(readPlace);
    const whole = places.length === this.#order.length && !places.includes(undefined);
    return whole ? places as PlaceValue[] : undefined;
  }

  /** An empty text is the first page, as is none. */
  fromText(text: string): SqlValue | Refusal {
    if (text === "") return null;
    const known = text.length <= MAX_LENGTH && this.read(text) !== undefined;
    return known ? text : new Refusal('must be the "next" of a page of this statement');
  }

  fromJson(value: unknown): SqlValue | Refusal {
    return typeof value === "string" ? this.fromText(value) : new Refusal("must be a string");
  }
}

function kindOf(column: ColumnInfo): PlaceKind {
  switch (encodingOf(column)) {
    case "integer":
    case "bigint":
    case "bool": {
      const unsigned = column.type === MYSQL_TYPE.BIT || (column.flags & UNSIGNED) !== 0;
      return unsigned ? "u" : "i";
    }
    case "decimal":
      return "d";
    case "double":
      return "f";
    case "datetime":
      return "t";
    case "date":
      return "D";
    case "bytes":
      return "b";
    default:
      return "s";
  }
}

function toText(value: unknown, kind: PlaceKind): string | null {
  if (value === null || value === undefined) return null;
  if (!(value instanceof Uint8Array)) return String(value);
  return kind === "u"
    ? String(BigInt(`0x${value.toHex()}`))
    : Buffer.from(value).toString("base64url");
}

const FORMS: Readonly<Record<PlaceKind, RegExp>> = {
  i: /^-?\d{1,20}$/,
  u: /^\d{1,20}$/,
  d: /^-?\d{1,65}(\.\d{1,38})?$/,
  f: /^-?\d[\d.e+-]{0,30}$/,
  t: /^\d{4}-\d\d-\d\d \d\d:\d\d:\d\d(\.\d{1,6})?$/,
  D: /^\d{4}-\d\d-\d\d$/,
  s: /^[^]*$/,
  b: /^[\w-]*$/,
};

function readPlace(sent: unknown): PlaceValue | undefined {
  const [kind, text, nullable] = Array.isArray(sent) ? sent as unknown[] : [];
  if (typeof kind !== "string" || !Object.hasOwn(FORMS, kind)) return undefined;
  const known = kind as PlaceKind;
  if (text === null) return { kind: known, value: null, nullable: true };
  if (typeof text !== "string" || !FORMS[known].test(text)) return undefined;
  const value = known === "f"
    ? Number(text)
    : known === "b"
    ? new Uint8Array(Buffer.from(text, "base64url"))
    : text;
  return { kind: known, value, nullable: nullable === 1 };
}
