import {
  type Answer,
  type Described,
  type DetachedCommand,
  type MysqlSession,
  type Ok,
  type Rows,
  type SqlCommand,
  SqlError,
  type SqlValue,
  type Transacted,
} from "./mysql.ts";
import { type ColumnShapes, toColumns } from "./mysql2_columns.ts";
import type {
  Mysql2Callback,
  Mysql2Connection,
  Mysql2Ok,
  Mysql2Statement,
  SessionSocket,
} from "./mysql2_connection.ts";
import { endsSession, toSqlError } from "./mysql2_errors.ts";
import { Executions, type ResultLimit } from "./mysql2_execute.ts";
import { giveTogether } from "./mysql2_pipeline.ts";
import { lostAt, toAnswer, toExcess, toTransacted } from "./mysql2_results.ts";
import type { Mysql2SessionParts } from "./mysql2_session_parts.ts";
import { Prepared, PreparedStatements } from "./mysql2_statements.ts";
import { bindable, literal } from "./mysql2_text.ts";

/** Statements kept prepared per session; the server's limit is 16,382 for all of them. */
const MAX_PREPARED = 64;
/** The server has no room for another prepared statement. */
const ER_MAX_PREPARED_STMT_COUNT_REACHED = 1461;

/**
 * One session over mysql2's callbacks. This is the hottest path there is: a command costs one
 * promise, and the callbacks are made once per session, which one command at a time allows.
 */
export class Mysql2Session implements MysqlSession {
  readonly threadId: number;
  readonly system: MysqlSession["system"];
  readonly #connection: Mysql2Connection;
  readonly #socket: SessionSocket;
  readonly #setUp: string;
  readonly #shapes: ColumnShapes;
  readonly #statements = new PreparedStatements(MAX_PREPARED);
  readonly #executions: Executions;
  readonly #onClose: (() => void)[] = [];
  #closed = false;
  /** The command under way: how its promise is settled, and what it runs. */
  #resolve: ((result: Rows | Ok) => void) | undefined;
  #reject: ((error: Error) => void) | undefined;
  #prepared: Prepared | undefined;

  constructor(parts: Mysql2SessionParts) {
    const { connection, socket } = parts;
    this.threadId = connection.threadId;
    this.system = parts.system;
    this.#connection = connection;
    this.#executions = new Executions(connection, { ...parts.room, onExcess: this.#onExcess });
    this.#socket = socket;
    this.#setUp = parts.setUp;
    this.#shapes = parts.shapes;
    connection.on("error", (error) => this.#lose(toSqlError(error, "connection_lost")));
    socket.on("close", () => this.destroy());
    if (socket.destroyed) this.destroy();
  }

  get closed(): boolean {
    return this.#closed;
  }

  execute(sql: string, values: readonly SqlValue[], once = false): Promise<Rows | Ok> {
    if (this.#reject !== undefined || this.#closed) return this.#refuse();
    const result = new Promise(this.#begin);
    const prepared = this.#statements.get(sql);
    if (prepared === undefined) this.#prepareAndRun(sql, values, once);
    else this.#run(prepared, values);
    return result;
  }

  async transact(commands: readonly SqlCommand[], executed?: () => void): Promise<Transacted> {
    const connection = this.#connection;
    const text = (sql: string) => (each: Mysql2Callback) => connection.query(sql, each);
    const answers: Answer[] = [];
    let missing = commands.length + 3;
    await this.#command((done) =>
      this.#prepareAll(commands, (error, statements = []) => {
        if (error !== null) return done(error);
        const all = [text("START TRANSACTION"), ...statements, text("DO 0"), text("COMMIT")];
        giveTogether(connection, all, (at, error, answer, definitions) => {
          const refusal = error ? toSqlError(error, "connection_lost") : undefined;
          if (refusal !== undefined && (at === 0 || endsSession(refusal))) {
            return this.#lose(lostAt(refusal, answers, all.length));
          }
          answers[at] = refusal ?? toAnswer(answer, definitions);
          if (--missing === 1) executed?.();
          else if (missing === 0) done(null);
        });
      })
    );
    return toTransacted(answers);
  }

  query(sql: string): Promise<Rows | Ok> {
    if (this.#reject !== undefined || this.#closed) return this.#refuse();
    const result = new Promise(this.#begin);
    this.#connection.query(sql, this.#onResult);
    return result;
  }

  async describe(sql: string): Promise<Described> {
    const known = this.#statements.get(sql)?.handle;
    const handle = known ??
      await this.#command<Mysql2Statement>((done) =>
        this.#prepare(sql, (error, prepared) => done(error, prepared?.handle))
      );
    return { columns: toColumns(handle.columns), parameterCount: handle.parameters.length };
  }

  detach(): DetachedCommand | undefined {
    const resolve = this.#resolve;
    const reject = this.#reject;
    if (resolve === undefined || reject === undefined) return undefined;
    const end = new Promise(this.#begin);
    end.catch(() => {});
    return { resolve, reject, end };
  }

  async reset(): Promise<void> {
    await this.#command((done) => this.#connection.reset(done));
    this.#statements.clear();
    await this.query(this.#setUp);
  }

  async ping(): Promise<void> {
    await this.#command((done) => this.#connection.ping(done));
  }

  end(): Promise<void> {
    return new Promise((resolve) => {
      this.onClose(resolve);
      if (!this.#closed) this.#connection.end();
    });
  }

  destroy(): void {
    this.#lose(new SqlError("connection_lost", "the connection was closed"));
  }

  onClose(callback: () => void): void {
    if (this.#closed) callback();
    else this.#onClose.push(callback);
  }

  readonly #begin = (
    resolve: (result: Rows | Ok) => void,
    reject: (error: Error) => void,
  ): void => {
    this.#resolve = resolve;
    this.#reject = reject;
  };

  #run(prepared: Prepared, values: readonly SqlValue[]): void {
    this.#prepared = prepared;
    this.#executions.run(prepared, bindable(values), this.#onResult);
  }

  readonly #onResult = (error: unknown, answer?: unknown, definitions?: unknown): void => {
    const resolve = this.#resolve;
    // A command that failed with its connection was settled then; mysql2 tells of it once more.
    if (resolve === undefined) return;
    if (error !== null && error !== undefined) return this.#failed(error);
    const prepared = this.#prepared;
    this.#resolve = this.#reject = this.#prepared = undefined;
    resolve(toAnswer(answer, definitions, prepared && { prepared, shapes: this.#shapes }));
  };

  /** The rest may be more than anybody can wait for, so the session goes with it. */
  readonly #onExcess: ResultLimit["onExcess"] = (...read) => {
    const resolve = this.#resolve;
    this.#resolve = this.#reject = undefined;
    resolve?.(toExcess(...read));
    this.destroy();
  };

  #failed(reason: unknown): void {
    const error = toSqlError(reason, "connection_lost");
    // After a failure on this side of the wire the two sides may disagree about what comes next.
    if (endsSession(error)) return this.#lose(error);
    this.#settle(error);
  }

  #settle(error: SqlError): void {
    const reject = this.#reject;
    this.#resolve = this.#reject = this.#prepared = undefined;
    reject?.(error);
  }

  #prepareAndRun(sql: string, values: readonly SqlValue[], once: boolean): void {
    const run = (error: unknown, prepared?: Prepared) => {
      if (this.#reject === undefined) return;
      if (prepared !== undefined) return this.#run(prepared, values);
      if (toSqlError(error, "connection_lost").errno !== ER_MAX_PREPARED_STMT_COUNT_REACHED) {
        return this.#failed(error);
      }
      this.#connection.query(this.#connection.format(sql, values.map(literal)), this.#onResult);
    };
    if (!once) return this.#prepare(sql, run);
    this.#connection.prepare(sql, (error, handle) => {
      if (error) return run(error);
      if (this.#reject === undefined) return;
      this.#run(new Prepared(sql, handle), values);
      this.#connection.unprepare(sql);
    });
  }

  /** One that is prepared can make another one give way: so until all are there. */
  #prepareAll(
    commands: readonly SqlCommand[],
    done: (error: unknown, statements?: Parameters<typeof giveTogether>[1]) => void,
  ): void {
    const known = commands.map(({ sql }) => this.#statements.get(sql));
    const missing = known.indexOf(undefined);
    if (missing < 0) {
      const run = ({ values }: SqlCommand, at: number) => (each: Mysql2Callback) =>
        this.#executions.run(known[at] as Prepared, bindable(values), each);
      return done(null, commands.map(run));
    }
    const { sql } = commands[missing] as SqlCommand;
    this.#prepare(sql, (error) => error ? done(error) : this.#prepareAll(commands, done));
  }

  #prepare(sql: string, done: (error: unknown, prepared?: Prepared) => void): void {
    const given = this.#statements.makeRoom();
    if (given !== undefined) this.#connection.unprepare(given.sql);
    this.#connection.prepare(sql, (error, handle) => {
      if (error) done(error);
      else done(null, this.#statements.add(sql, handle));
    });
  }

  /** Runs something else than a statement in the place of the one command. */
  async #command<T = void>(
    run: (done: (error: unknown, value?: T) => void) => void,
  ): Promise<T> {
    if (this.#reject !== undefined || this.#closed) return await this.#refuse();
    let result: T | undefined;
    const over = new Promise(this.#begin);
    run((error, value) => {
      result = value;
      if (error) this.#failed(error);
      else this.#onResult(null, NOTHING);
    });
    await over;
    return result as T;
  }

  #refuse(): Promise<never> {
    return Promise.reject(
      this.#closed
        ? new SqlError("connection_lost", "the connection was closed before the command")
        : new TypeError("Cannot run a command: the one before must have ended"),
    );
  }

  #lose(error: SqlError): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#socket.destroy();
    this.#settle(error);
    for (const callback of this.#onClose) callback();
  }
}

const NOTHING: Mysql2Ok = { affectedRows: 0, insertId: 0 };
