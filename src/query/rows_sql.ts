import { Buffer } from "node:buffer";
import type { SqlValue } from "../drivers/mysql.ts";
import type { Given } from "./bound_param.ts";
import { Refusal } from "./scalar_codec.ts";
import { isFlat } from "./sql_pieces.ts";
import type { FlatPiece, SqlPiece } from "./statement.ts";

/**
 * Calls of so many rows keep their text prepared; each number of rows has a text of its own, and a
 * connection keeps few.
 */
const KEPT_ROWS = 8;
/**
 * The most that one call may send, in bytes: its text, its values, and what each row repeats of the
 * other parameters. A server takes 16 MiB at once where nobody told it to take more or less.
 */
const MOST_BYTES = 4 * 1_024 * 1_024;

/** What stands for parameters in the SQL, and where calls have their values. */
export interface RowsSqlOptions {
  /** By parameter, and by `rows.column`: what stands in the SQL for its value. */
  readonly placeholders: ReadonlyMap<string, string>;
  /** By parameter: its place in what a call gave. */
  readonly indexes: ReadonlyMap<string, number>;
  /** By `rows.column`: its place in a row. */
  readonly columns: ReadonlyMap<string, number>;
  /** The place of the rows in what a call gave. */
  readonly rows: number;
}

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
  readonly #head: Part;
  readonly #row: Part;
  readonly #tail: Part;
  readonly #rows: number;
  readonly #width: number;
  readonly #kept: string[] = [];

  constructor(pieces: readonly SqlPiece[], options: RowsSqlOptions) {
    const at = pieces.findIndex((piece) => "row" in piece);
    const row = pieces[at];
    this.#head = partOf(pieces.slice(0, at).filter(isFlat), options);
    this.#row = partOf(row !== undefined && "row" in row ? row.row : [], options);
    this.#tail = partOf(pieces.slice(at + 1).filter(isFlat), options);
    this.#rows = options.rows;
    this.#width = options.columns.size;
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
    return sizeOf(sql, values) > MOST_BYTES
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

function partOf(pieces: readonly FlatPiece[], options: RowsSqlOptions): Part {
  const { placeholders, indexes, columns } = options;
  let text = "";
  const places: Place[] = [];
  for (const piece of pieces) {
    if ("text" in piece) {
      text += piece.text;
      continue;
    }
    text += piece.bare ? "?" : placeholders.get(piece.param) ?? "?";
    const column = columns.get(piece.param);
    places.push(column === undefined ? { given: indexes.get(piece.param) ?? -1 } : { column });
  }
  return { text, places };
}

function sizeOf(sql: string, values: readonly SqlValue[]): number {
  let bytes = Buffer.byteLength(sql);
  for (const value of values) {
    bytes += typeof value === "string"
      ? Buffer.byteLength(value)
      : value instanceof Uint8Array
      ? value.length
      : 8;
  }
  return bytes;
}
