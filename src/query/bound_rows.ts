import type { SqlValue } from "../drivers/mysql.ts";
import type { BindFaults } from "./bind_faults.ts";
import { codecOf } from "./param_codec.ts";
import { Refusal, type ScalarCodec } from "./scalar_codec.ts";
import type { RowsType } from "./statement.ts";

/**
 * A `rows(…)` parameter, ready to check what a call gives: an array of objects, each with a value
 * for every column and nothing else. Every value is checked as a plain parameter's is, and told of
 * by its path: `rows[3].amount`.
 */
export class BoundRows {
  readonly name: string;
  readonly secret: boolean;
  readonly list = false;
  readonly inAddress = false;
  readonly makesId = false;
  /** The columns' names, in their own order. */
  readonly columns: readonly string[];
  /** What stands in the SQL for one value of each column. */
  readonly placeholders: readonly string[];
  readonly #codecs: readonly ScalarCodec[];
  readonly #indexes: ReadonlyMap<string, number>;
  readonly #max: number;

  constructor(spec: { readonly name: string; readonly secret: boolean }, type: RowsType) {
    this.name = spec.name;
    this.secret = spec.secret;
    this.columns = type.columns.map(({ name }) => name);
    this.#codecs = type.columns.map((column) => codecOf(column.type, column));
    this.placeholders = this.#codecs.map(({ placeholder }) => placeholder);
    this.#indexes = new Map(this.columns.map((name, at) => [name, at]));
    this.#max = type.max;
  }

  /** Rows have no default. */
  fallback(): undefined {
    return undefined;
  }

  /** The rows' values, row by row in the order of the columns; tells `faults` what is wrong. */
  readJson(given: unknown, faults: () => BindFaults): SqlValue[] {
    const { secret } = this;
    const values: SqlValue[] = [];
    if (!Array.isArray(given)) {
      const refusal = new Refusal(`must be an array of objects with ${this.columns.join(", ")}`);
      faults().addRefusal(this.name, refusal, { received: given, secret });
    } else if (given.length === 0) faults().add(this.name, "must have at least one row");
    else if (given.length > this.#max) {
      faults().add(this.name, `must have at most ${this.#max} rows, received ${given.length}`);
    } else given.forEach((row: unknown, at) => this.#readRow(row, { at, values, faults }));
    return values;
  }

  #readRow(
    row: unknown,
    into: { readonly at: number; readonly values: SqlValue[]; readonly faults: () => BindFaults },
  ): void {
    const { at, values, faults } = into;
    const path = `${this.name}[${at}]`;
    const { secret } = this;
    if (row === null || typeof row !== "object" || Array.isArray(row)) {
      const refusal = new Refusal(`must be an object with ${this.columns.join(", ")}`);
      return faults().addRefusal(path, refusal, { received: row, secret });
    }
    const start = values.length;
    const found = new Array<boolean>(this.#codecs.length).fill(false);
    for (let column = 0; column < found.length; column++) values.push(null);
    for (const [name, received] of Object.entries(row)) {
      const column = this.#indexes.get(name);
      const codec = column === undefined ? undefined : this.#codecs[column];
      if (column === undefined || codec === undefined) {
        const options = { name, rows: this.name, known: this.columns };
        faults().addUnknownColumn(`${path}.${name}`, options);
        continue;
      }
      found[column] = true;
      const value = received === null ? null : codec.fromJson(received);
      if (value instanceof Refusal) {
        faults().addRefusal(`${path}.${name}`, value, { received, secret });
      } else values[start + column] = value;
    }
    if (!found.includes(false)) return;
    this.columns.forEach((name, column) => {
      if (!found[column]) faults().add(`${path}.${name}`, "is required");
    });
  }
}
