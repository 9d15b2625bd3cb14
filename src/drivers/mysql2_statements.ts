import type { ColumnInfo } from "./mysql.ts";
import type { Mysql2Statement } from "./mysql2_connection.ts";

/** A statement that a session keeps prepared. */
export interface Prepared {
  readonly sql: string;
  readonly handle: Mysql2Statement;
  /** The columns of its last result. */
  columns: readonly ColumnInfo[];
  /** Whether it ran since the last search for one to give up. */
  used: boolean;
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
    const prepared: Prepared = { sql, handle, columns: [], used: false };
    this.#bySql.set(sql, prepared);
    return prepared;
  }

  clear(): void {
    this.#bySql.clear();
  }
}
