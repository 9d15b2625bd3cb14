import type { Scope } from "../core/scope.ts";
import type { Ok, Rows, SqlValue } from "../drivers/mysql.ts";
import type { PooledConnection } from "./pooled_connection.ts";

/**
 * One borrower's right to a connection. It ends with its release, however often that is called, so
 * that a late second release cannot take the connection from the next borrower.
 */
export class Lease {
  /** Who borrows, for reports: the statement's name. */
  readonly label: string;
  /** When it was lent, on the clock's `now()`. */
  readonly lentAt: number;
  /** Whether the leak warning was given. */
  warned = false;
  #connection: PooledConnection | undefined;

  constructor(connection: PooledConnection, label: string, lentAt: number) {
    this.#connection = connection;
    this.label = label;
    this.lentAt = lentAt;
  }

  /** See {@linkcode PooledConnection.execute}. @throws {TypeError} after the release */
  execute(
    sql: string,
    values: readonly SqlValue[],
    options: { readonly scope: Scope; readonly settle?: boolean },
  ): Promise<Rows | Ok> {
    if (this.#connection === undefined) {
      throw new TypeError("Cannot run a command: the lease must not be released before");
    }
    return this.#connection.execute(sql, values, options);
  }

  /** Ends the lease and hands the connection to the pool; `undefined` the second time. */
  giveBack(): PooledConnection | undefined {
    const connection = this.#connection;
    this.#connection = undefined;
    return connection;
  }
}
