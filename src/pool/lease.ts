import type { Described, Ok, Rows, SqlCommand, SqlValue, Transacted } from "../drivers/mysql.ts";
import { traceCommand } from "./pool_spans.ts";
import type {
  CommandOptions,
  TransactAllOptions,
  TransactionCommand,
  TransactOptions,
} from "./command_options.ts";
import type { ConnectionState, PooledConnection } from "./pooled_connection.ts";

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

  /** Where its connection is; `closed` after the release. */
  get state(): ConnectionState {
    return this.#connection?.state ?? "closed";
  }

  /** The server's id of the session; 0 after the release. */
  get connectionId(): number {
    return this.#connection?.threadId ?? 0;
  }

  /** See {@linkcode PooledConnection.execute}. @throws {TypeError} after the release */
  execute(sql: string, values: readonly SqlValue[], options: CommandOptions): Promise<Rows | Ok> {
    return options.scope.trace === undefined
      ? this.#held().execute(sql, values, options)
      : this.#executeTraced(sql, values, options);
  }

  /** See {@linkcode PooledConnection.query}. @throws {TypeError} after the release */
  query(sql: string, options: CommandOptions): Promise<Rows | Ok> {
    return options.scope.trace === undefined
      ? this.#held().query(sql, options)
      : this.#traced({ sql, options }, (held) => held.query(sql, options));
  }

  /** See {@linkcode PooledConnection.transact}. @throws {TypeError} after the release */
  transact(command: TransactionCommand, options: TransactOptions): Promise<Rows | Ok> {
    return options.scope.trace === undefined
      ? this.#held().transact(command, options)
      : this.#traced(
        { sql: command, options: { ...options, aside: command } },
        (held) => held.transact(command, options),
      );
  }

  /** See {@linkcode PooledConnection.transactAll}. @throws {TypeError} after the release */
  transactAll(
    commands: readonly SqlCommand[],
    options: TransactAllOptions,
  ): Promise<Transacted> {
    return options.scope.trace === undefined
      ? this.#held().transactAll(commands, options)
      : this.#traced(
        { sql: "START TRANSACTION", options: { ...options, aside: "group" } },
        (held) => held.transactAll(commands, options),
      );
  }

  /** See {@linkcode PooledConnection.describe}. @throws {TypeError} after the release */
  describe(sql: string, options: CommandOptions): Promise<Described> {
    return this.#held().describe(sql, options);
  }

  /** Ends the lease and hands the connection to the pool; `undefined` the second time. */
  giveBack(): PooledConnection | undefined {
    const connection = this.#connection;
    this.#connection = undefined;
    return connection;
  }

  /** Apart from {@linkcode execute}, which makes no closure where nobody traces. */
  #executeTraced(
    sql: string,
    values: readonly SqlValue[],
    options: CommandOptions,
  ): Promise<Rows | Ok> {
    return this.#traced({ sql, options }, (held) => held.execute(sql, values, options));
  }

  #traced<Result>(
    { sql, options }: { readonly sql: string; readonly options: CommandOptions },
    run: (held: PooledConnection) => Promise<Result>,
  ): Promise<Result> {
    const { scope: { trace }, aside } = options;
    const held = this.#held();
    if (trace === undefined) return run(held);
    const attributes = held.spanAttributes;
    return traceCommand(trace, { sql, statement: this.label, aside, attributes }, () => run(held));
  }

  #held(): PooledConnection {
    if (this.#connection !== undefined) return this.#connection;
    throw new TypeError("Cannot run a command: the lease must not be released before");
  }
}
