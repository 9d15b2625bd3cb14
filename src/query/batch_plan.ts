import type { ColumnInfo, Rows, SqlValue } from "../drivers/mysql.ts";
import type { Given } from "./bound_param.ts";
import { paddedSize, type Placeholder, SqlBuilder } from "./sql_builder.ts";
import type { Bound } from "./call_binder.ts";
import type { FlatPiece, Statement } from "./statement.ts";

/** How calls of one statement are read many at a time. */
export class BatchPlan {
  readonly #key: number;
  readonly #builder: SqlBuilder;
  readonly #param: string;
  /** For each place in the merged SQL the parameter that it shows. */
  readonly #places: readonly number[];
  readonly #others: readonly number[];
  readonly #trimmed = new WeakMap<readonly ColumnInfo[], readonly ColumnInfo[]>();

  constructor(
    statement: Pick<Statement, "params">,
    merged: { readonly param: string; readonly pieces: readonly FlatPiece[] },
    placeholders: ReadonlyMap<string, string>,
  ) {
    const names = statement.params.map(({ name }) => name);
    this.#param = merged.param;
    this.#key = names.indexOf(merged.param);
    this.#others = names.flatMap((_, at) => at === this.#key ? [] : [at]);
    this.#places = merged.pieces.flatMap((piece) =>
      "param" in piece ? [names.indexOf(piece.param)] : []
    );
    this.#builder = new SqlBuilder(
      merged.pieces,
      new Map([...placeholders].map(([name, text]): [string, Placeholder] => {
        return [name, { text, list: name === merged.param }];
      })),
    );
  }

  /**
   * What tells a call from others of its group; `undefined` for one that no row can be for, and for a
   * text that ends with a space, which most binary collations take for equal to the one without.
   */
  keyOf({ given = [] }: Bound): string | undefined {
    const key = given[this.#key];
    if (typeof key === "string") return key.endsWith(" ") ? undefined : key;
    return typeof key === "number" ? String(key) : undefined;
  }

  /** Calls of one group differ in their keys alone. */
  groupOf({ given = [] }: Bound): string {
    if (this.#others.length === 0) return "";
    return JSON.stringify(this.#others.map((at) => textOf(given[at])));
  }

  /** The text and the values that read these keys, for the group of one of their calls. */
  merge(
    { given = [] }: Bound,
    keys: readonly string[],
  ): { readonly sql: string; readonly values: readonly SqlValue[] } {
    const size = paddedSize(keys.length);
    const last = keys.at(-1) ?? null;
    const values: SqlValue[] = [];
    for (const place of this.#places) {
      if (place !== this.#key) {
        const value = given[place];
        values.push(Array.isArray(value) ? null : value ?? null);
        continue;
      }
      for (const key of keys) values.push(key);
      for (let at = keys.length; at < size; at++) values.push(last);
    }
    return { sql: this.#builder.text(() => size), values };
  }

  /** The rows by key. `undefined` if a row is for none of the keys: the database compares otherwise. */
  split(result: Rows, keys: ReadonlyMap<string, unknown>): ReadonlyMap<string, Rows> | undefined {
    const columns = this.#trim(result.columns);
    const end = columns.length;
    const byKey = new Map<string, Rows & { readonly rows: (readonly unknown[])[] }>();
    for (const row of result.rows) {
      const key = String(row[end]);
      const known = byKey.get(key);
      if (known !== undefined) known.rows.push(row);
      else if (keys.has(key)) byKey.set(key, { kind: "rows", columns, rows: [row] });
      else return undefined;
    }
    return byKey;
  }

  /** The columns of an answer that has no rows. */
  none(result: Rows): Rows {
    return { kind: "rows", columns: this.#trim(result.columns), rows: [] };
  }

  /** Without the key at the end; one and the same array for one and the same array. */
  #trim(columns: readonly ColumnInfo[]): readonly ColumnInfo[] {
    let trimmed = this.#trimmed.get(columns);
    if (trimmed === undefined) this.#trimmed.set(columns, trimmed = columns.slice(0, -1));
    return trimmed;
  }
}

function textOf(given: Given): unknown {
  return given instanceof Uint8Array ? given.toHex() : given;
}
