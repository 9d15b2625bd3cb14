import { type ColumnShapes, sameColumns } from "./mysql2_columns.ts";
import type { ColumnInfo } from "./mysql.ts";
import type { Mysql2Column, Mysql2Statement } from "./mysql2_connection.ts";
import type { RowReader } from "./mysql2_rows.ts";

/** How reads begin, which change nothing when they are given up on. */
const READ = /^\s*(?:SELECT|WITH|VALUES|TABLE|\()/i;

/** A statement that is prepared on a session, and what is known of its results. */
export class Prepared {
  readonly sql: string;
  readonly handle: Mysql2Statement;
  /** Whether its rows may be given up on. */
  readonly reads: boolean;
  /** The columns that the server has sent last. */
  definitions: readonly Mysql2Column[];
  /** Made for `definitions`, at the first row that needs it. */
  reader: RowReader | undefined;
  /** Whether it ran since the last search for one to give up. */
  used = false;
  /** `definitions` in the port's form. */
  #columns: readonly ColumnInfo[] | undefined;

  constructor(sql: string, handle: Mysql2Statement) {
    this.sql = sql;
    this.handle = handle;
    this.reads = READ.test(sql);
    this.definitions = handle.columns;
  }

  /** The server has sent columns. */
  learn(definitions: readonly Mysql2Column[]): void {
    this.definitions = definitions;
    this.reader = undefined;
    if (this.#columns !== undefined && !sameColumns(this.#columns, definitions)) {
      this.#columns = undefined;
    }
  }

  /** The columns in the port's form, the same array for as long as they are the same. */
  columns(shapes: ColumnShapes): readonly ColumnInfo[] {
    return this.#columns ??= shapes.of(this.sql, this.definitions);
  }
}

/**
 * The prepared statements of one session, bounded. Past the bound the first one in line that was
 * not used since the last look gives way (the clock algorithm, Corbató 1968): a hit costs one
 * store, where strict least-recently-used order would cost a reordering.
 */
export class PreparedStatements {
  readonly #max: number;
  readonly #bySql = new Map<string, Prepared>();

  constructor(max: number) {
    this.#max = max;
  }

  get(sql: string): Prepared | undefined {
    const found = this.#bySql.get(sql);
    if (found !== undefined) found.used = true;
    return found;
  }

  /** Takes one statement out if there is no room for another, and returns it to be closed. */
  makeRoom(): Prepared | undefined {
    if (this.#bySql.size < this.#max) return undefined;
    for (const prepared of this.#bySql.values()) {
      this.#bySql.delete(prepared.sql);
      if (!prepared.used) return prepared;
      prepared.used = false;
      this.#bySql.set(prepared.sql, prepared);
    }
    return undefined;
  }

  add(sql: string, handle: Mysql2Statement): Prepared {
    const prepared = new Prepared(sql, handle);
    this.#bySql.set(sql, prepared);
    return prepared;
  }

  clear(): void {
    this.#bySql.clear();
  }
}
