import { Buffer } from "node:buffer";
import type { SqlValue } from "../drivers/mysql.ts";
import type { BoundParam, Given } from "./bound_param.ts";
import { BoundRows } from "./bound_rows.ts";
import { placeholdersOf } from "./placeholders.ts";
import { Refusal } from "./scalar_codec.ts";
import { isFlat } from "./sql_pieces.ts";
import type { SqlPiece } from "./statement.ts";

/**
 * The text of calls of so many rows, or fewer, is kept prepared; each number of rows has a text of its
 * own, and a connection keeps few.
 */
const KEPT_ROWS = 4;
/**
 * The most that one call may send, in bytes: its text, its values, and what each row repeats of the
 * other parameters. A server takes 16 MiB at once where nobody told it to take more or less.
 */
const MOST_BYTES = 4 * 1_024 * 1_024;

/** What is sent for a call. */
export interface RowsText {
  readonly sql: string;
  readonly values: readonly SqlValue[];
  /** Whether no connection is to keep the text prepared. */
  readonly once: boolean;
}

/** Some of the SQL: its text, and for each placeholder in it where the value is. */
interface Part {
  readonly text: string;
  readonly places: readonly Place[];
}

type Place = { readonly given: number } | { readonly column: number };

/** Builds what is sent for the calls of a statement that takes rows: one statement, whatever many. */
export class RowsSql {
  /** The name of the parameter. */
  readonly name: string;
  readonly #head: Part;
  readonly #row: Part;
  readonly #tail: Part;
  /** The place of the rows in what a call gives. */
  readonly #rows: number;
  readonly #width: number;
  readonly #kept: string[] = [];

  /** @param params in the order in which calls give them; one of them has rows */
  constructor(pieces: readonly SqlPiece[], params: readonly (BoundParam | BoundRows)[]) {
    this.#rows = params.findIndex((param) => param instanceof BoundRows);
    const rows = params[this.#rows];
    if (!(rows instanceof BoundRows)) {
      throw new TypeError("Cannot bind rows: a parameter must be of type rows, received none");
    }
    this.name = rows.name;
    this.#width = rows.columns.length;
    const placeholders = placeholdersOf(params);
    const partOf = (some: readonly SqlPiece[]): Part => {
      const flat = some.filter(isFlat);
      const text = flat.map((piece) =>
        "text" in piece ? piece.text : piece.bare ? "?" : placeholders.get(piece.param) ?? "?"
      );
      const places = flat.flatMap((piece) => "param" in piece ? [placeOf(piece.param)] : []);
      return { text: text.join(""), places };
    };
    const placeOf = (param: string): Place => {
      const [name, column] = param.split(".");
      return column === undefined
        ? { given: params.findIndex((candidate) => candidate.name === name) }
        : { column: rows.columns.indexOf(column) };
    };
    const at = pieces.findIndex((piece) => "row" in piece);
    const row = pieces[at];
    this.#head = partOf(pieces.slice(0, at));
    this.#row = partOf(row === undefined || isFlat(row) ? [] : row.row);
    this.#tail = partOf(pieces.slice(at + 1));
  }

  /** What is sent, or why it is too much. */
  bind(given: readonly Given[]): RowsText | Refusal {
    const list = given[this.#rows];
    const cells = Array.isArray(list) ? list : [];
    const count = cells.length / this.#width;
    const sql = this.#text(count);
    const values: SqlValue[] = [];
    const fill = (places: readonly Place[], start: number) => {
      for (const place of places) {
        const value = "given" in place ? given[place.given] : cells[start + place.column];
        values.push(Array.isArray(value) ? null : value ?? null);
      }
    };
    fill(this.#head.places, 0);
    for (let row = 0; row < count; row++) fill(this.#row.places, row * this.#width);
    fill(this.#tail.places, 0);
    return isTooLong(sql, values)
      ? new Refusal(`must make a statement of at most ${MOST_BYTES} bytes: send fewer rows`)
      : { sql, values, once: count > KEPT_ROWS };
  }

  #text(count: number): string {
    const kept = this.#kept[count];
    if (kept !== undefined) return kept;
    const { text } = this.#row;
    const sql = `${this.#head.text}${`${text},`.repeat(count - 1)}${text}${this.#tail.text}`;
    if (count <= KEPT_ROWS) this.#kept[count] = sql;
    return sql;
  }
}

function isTooLong(sql: string, values: readonly SqlValue[]): boolean {
  let bytes = Buffer.byteLength(sql);
  for (const value of values) {
    bytes += typeof value === "string"
      ? Buffer.byteLength(value)
      : value instanceof Uint8Array
      ? value.length
      : 8;
    if (bytes > MOST_BYTES) return true;
  }
  return bytes > MOST_BYTES;
}
