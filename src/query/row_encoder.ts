import type { ColumnInfo, Rows } from "../drivers/mysql.ts";
import { encodingOf } from "./column_encoding.ts";
import type { StatementKind } from "./statement.ts";
import { type Int64, type ValueWriter, writerOf } from "./value_writer.ts";

/** How rows are written. */
export interface EncodeOptions {
  /** BIGINT columns as strings, or as bare digits. */
  readonly int64: Int64;
}

/** Writes one row as a JSON object. */
export type RowWriter = (row: readonly unknown[]) => string;

/**
 * Writes a statement's rows as JSON text: of `:one` the first row's object or `null`, of the
 * others an array. What a result's columns ask for is worked out once for each array of columns,
 * which the driver keeps for as long as they do not change.
 */
export class RowEncoder {
  readonly #single: boolean;
  readonly #overrides: Readonly<Record<string, string>>;
  readonly #strings = new WeakMap<readonly ColumnInfo[], RowWriter>();
  readonly #numbers = new WeakMap<readonly ColumnInfo[], RowWriter>();

  /** @param statement whose `:one` and `@column` lines decide */
  constructor(
    statement: { readonly kind: StatementKind; readonly columns: Readonly<Record<string, string>> },
  ) {
    this.#single = statement.kind === "one";
    this.#overrides = statement.columns;
  }

  /** The rows as JSON text. */
  encode(result: Rows, options: EncodeOptions): string {
    const { columns, rows } = result;
    const first = rows[0];
    if (first === undefined) return this.#single ? "null" : "[]";
    const write = this.writer(columns, options);
    if (this.#single) return write(first);
    let text = "[" + write(first);
    for (let at = 1; at < rows.length; at++) text += "," + write(rows[at] as readonly unknown[]);
    return text + "]";
  }

  /** What writes the rows of a result with these columns. */
  writer(columns: readonly ColumnInfo[], { int64 }: EncodeOptions): RowWriter {
    const known = int64 === "number" ? this.#numbers : this.#strings;
    let write = known.get(columns);
    if (write === undefined) known.set(columns, write = this.#compile(columns, int64));
    return write;
  }

  #compile(columns: readonly ColumnInfo[], int64: Int64): RowWriter {
    const labels = columns.map(({ name }, at) => `${at === 0 ? "{" : ","}${JSON.stringify(name)}:`);
    const writers = columns.map((column) => this.#writerOf(column, int64));
    return (row) => {
      let text = "";
      for (let at = 0; at < labels.length; at++) {
        const value = row[at];
        text += labels[at];
        text += value === null || value === undefined
          ? "null"
          : (writers[at] as ValueWriter)(value);
      }
      return text + "}";
    };
  }

  #writerOf(column: ColumnInfo, int64: Int64): ValueWriter {
    const { name } = column;
    const override = Object.hasOwn(this.#overrides, name) ? this.#overrides[name] : undefined;
    return writerOf(column, { encoding: encodingOf(column, override), int64 });
  }
}
