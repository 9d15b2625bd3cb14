import type { Connection } from "mysql2";
import {
  type ColumnInfo,
  type Described,
  type MysqlSession,
  type Ok,
  type Rows,
  SqlError,
  type SqlValue,
} from "./mysql.ts";
import { type Mysql2Column, sameColumns, toColumns } from "./mysql2_columns.ts";
import { toSqlError } from "./mysql2_errors.ts";

/** mysql2's own prepared statement; `execute` on it spares the look-up by text. */
interface Mysql2Statement {
  execute(
    values: readonly SqlValue[],
    callback: (
      error: unknown,
      result: unknown,
      fields: readonly Mysql2Column[] | undefined,
    ) => void,
  ): unknown;
  readonly columns: readonly Mysql2Column[];
  readonly parameters: readonly unknown[];
}

interface Mysql2Ok {
  readonly affectedRows: number;
  readonly insertId: number | string;
  readonly stateChanges?: { readonly systemVariables?: Readonly<Record<string, string>> };
}

interface Prepared {
  readonly statement: Mysql2Statement;
  columns: readonly ColumnInfo[];
}

/** Statements kept prepared per connection; the server's limit is 16,382 for all of them. */
const MAX_PREPARED = 64;
/** The server has no room for another prepared statement. */
const ER_MAX_PREPARED_STMT_COUNT_REACHED = 1461;

/**
 * One session over mysql2. The caller runs one command at a time. Statements are prepared once
 * and run through mysql2's own handle from then on; past 64 the oldest one is closed.
 */
export class Mysql2Session implements MysqlSession {
  readonly threadId: number;
  readonly #connection: Connection;
  readonly #setUp: string;
  readonly #prepared = new Map<string, Prepared>();
  #closed = false;
  /** Fails the command under way; mysql2 itself leaves it unsettled when it is destroyed. */
  #fail: ((error: SqlError) => void) | undefined;
  #onClose: (() => void) | undefined;

  /** @param options.setUp what prepares the session, also after a reset; one statement */
  constructor(connection: Connection, options: { readonly setUp: string }) {
    this.#connection = connection;
    this.#setUp = options.setUp;
    this.threadId = connection.threadId ?? 0;
    // An 'error' without a listener would end the process; commands under way get it as well.
    connection.on("error", () => this.#gone());
    connection.on("end", () => this.#gone());
    streamOf(connection).on("close", () => this.#gone());
  }

  get closed(): boolean {
    return this.#closed;
  }

  execute(sql: string, values: readonly SqlValue[]): Promise<Rows | Ok> {
    const prepared = this.#prepared.get(sql);
    return prepared === undefined ? this.#prepareAndRun(sql, values) : this.#run(prepared, values);
  }

  query(sql: string): Promise<Rows | Ok> {
    return this.#text(sql, []);
  }

  async describe(sql: string): Promise<Described> {
    const prepared = this.#prepared.get(sql) ?? await this.#prepare(sql);
    if (prepared === undefined) {
      throw new SqlError("server", "the server has no room for another prepared statement", {
        errno: ER_MAX_PREPARED_STMT_COUNT_REACHED,
      });
    }
    const { columns, parameters } = prepared.statement;
    return { columns: toColumns(columns), parameterCount: parameters.length };
  }

  async reset(): Promise<void> {
    this.#prepared.clear();
    await this.#command((done) => this.#connection.reset(done));
    await this.#text(this.#setUp, []);
  }

  ping(): Promise<void> {
    return this.#command((done) => this.#connection.ping(done));
  }

  async end(): Promise<void> {
    await this.#command((done) => this.#connection.end(done)).catch(() => {});
    this.destroy();
  }

  destroy(): void {
    this.#connection.destroy();
    // mysql2 only says goodbye to the socket, which a stopped server would never answer.
    streamOf(this.#connection).destroy();
    this.#gone();
  }

  onClose(callback: () => void): void {
    if (this.#closed) callback();
    else this.#onClose = callback;
  }

  async #prepareAndRun(sql: string, values: readonly SqlValue[]): Promise<Rows | Ok> {
    const prepared = await this.#prepare(sql);
    return await (prepared === undefined ? this.#text(sql, values) : this.#run(prepared, values));
  }

  #run(prepared: Prepared, values: readonly SqlValue[]): Promise<Rows | Ok> {
    return new Promise((resolve, reject) => {
      this.#begin(reject);
      prepared.statement.execute(values, (error, result, fields) => {
        if (error !== null && error !== undefined) return reject(toSqlError(error));
        if (fields === undefined) return resolve(toOk(result as Mysql2Ok));
        if (!sameColumns(prepared.columns, fields)) prepared.columns = toColumns(fields);
        const rows = result as readonly (readonly unknown[])[];
        resolve({ kind: "rows", columns: prepared.columns, rows });
      });
    });
  }

  /** A prepared statement, or `undefined` if the server has no room for one. */
  async #prepare(sql: string): Promise<Prepared | undefined> {
    if (this.#prepared.size >= MAX_PREPARED) {
      const [oldest] = this.#prepared.keys();
      if (oldest !== undefined) {
        this.#prepared.delete(oldest);
        this.#connection.unprepare(oldest);
      }
    }
    try {
      const statement = await new Promise<Mysql2Statement>((resolve, reject) => {
        this.#begin(reject);
        this.#connection.prepare(sql, (error, statement) => {
          if (error) reject(error);
          else resolve(statement as unknown as Mysql2Statement);
        });
      });
      const prepared = { statement, columns: toColumns(statement.columns) };
      this.#prepared.set(sql, prepared);
      return prepared;
    } catch (error) {
      const known = toSqlError(error);
      if (known.errno === ER_MAX_PREPARED_STMT_COUNT_REACHED) return undefined;
      throw known;
    }
  }

  /** The text protocol, with mysql2's escaping: values are strings, numbers, bytes or null. */
  #text(sql: string, values: readonly SqlValue[]): Promise<Rows | Ok> {
    return new Promise((resolve, reject) => {
      this.#begin(reject);
      this.#connection.query(sql, [...values], (error, result, fields) => {
        if (error) return reject(toSqlError(error));
        if (fields === undefined) return resolve(toOk(result as unknown as Mysql2Ok));
        resolve({
          kind: "rows",
          columns: toColumns(fields as unknown as readonly Mysql2Column[]),
          rows: result as unknown as readonly (readonly unknown[])[],
        });
      });
    });
  }

  #command(run: (done: (error: unknown) => void) => void): Promise<void> {
    return new Promise((resolve, reject) => {
      this.#begin(reject);
      run((error) => error ? reject(toSqlError(error)) : resolve());
    });
  }

  #begin(reject: (error: SqlError) => void): void {
    if (this.#closed) reject(lost());
    this.#fail = reject;
  }

  #gone(): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#fail?.(lost());
    this.#onClose?.();
  }
}

interface Stream {
  on(event: "close", listener: () => void): void;
  destroy(): void;
}

function streamOf(connection: Connection): Stream {
  return (connection as unknown as { readonly stream: Stream }).stream;
}

function lost(): SqlError {
  return new SqlError("connection_lost", "the connection was closed");
}

function toOk(result: Mysql2Ok): Ok {
  return {
    kind: "ok",
    affectedRows: result.affectedRows,
    insertId: String(result.insertId),
    gtid: result.stateChanges?.systemVariables?.["last_gtid"],
  };
}
