import type { Scope, ScopeEnd } from "../core/scope.ts";
import type { SpanAttributes } from "../core/telemetry.ts";
import {
  type Described,
  type MysqlDriver,
  type MysqlSession,
  type MysqlTarget,
  type Ok,
  type Rows,
  type SqlCommand,
  SqlError,
  type SqlValue,
  type Transacted,
} from "../drivers/mysql.ts";
import type {
  CommandOptions,
  TransactAllOptions,
  TransactionCommand,
  TransactOptions,
} from "./command_options.ts";
import type { CloseCause } from "./connection_pool_stats.ts";
import { InterruptedError } from "./interrupted_error.ts";
import type { Interrupter } from "./interrupter.ts";
import type { Lease } from "./lease.ts";

/**
 * Where a connection is in its life. `validating`: it is being checked after an idle time, or made
 * fit for the next borrower.
 */
export type ConnectionState = "connecting" | "idle" | "in_use" | "validating" | "closed";

/** What a connection needs of its pool. */
export interface ConnectionParts {
  readonly driver: MysqlDriver;
  readonly target: MysqlTarget;
  readonly interrupter: Interrupter;
  /** Told once when an open connection is gone, and why. */
  readonly onClose: (connection: PooledConnection, cause: CloseCause) => void;
  /** What its spans say of its server. */
  readonly attributes: SpanAttributes;
}

/**
 * One connection of a pool: its session, its state, and what happens to a command whose scope ends.
 * One command at a time.
 */
export class PooledConnection {
  /** When it was last given back, on the clock's `now()`. */
  idleSince = 0;
  /** When it is too old to be lent. */
  expiresAt = Infinity;
  /** Who has it now. */
  lease: Lease | undefined;
  readonly #parts: ConnectionParts;
  #state: ConnectionState = "connecting";
  #session: MysqlSession | undefined;
  #closeCause: CloseCause = "lost";
  /** The command under way, or the last one. */
  #scope: Scope | undefined;
  #settle = false;
  #sql = "";
  /** Whether something may be left in the session that the next borrower must not meet. */
  #dirty = false;
  #inTransaction = false;
  #recovery: Promise<void> | undefined;

  constructor(parts: ConnectionParts) {
    this.#parts = parts;
  }

  get state(): ConnectionState {
    return this.#state;
  }

  /** The server's id of the session; 0 before there is one. */
  get threadId(): number {
    return this.#session?.threadId ?? 0;
  }

  /** What its spans say. */
  get spanAttributes(): SpanAttributes {
    return { "db.system.name": this.#session?.system, ...this.#parts.attributes };
  }

  /** Opens the session. @throws {SqlError} `connect_failed` or the server's refusal */
  async connect(scope: Scope): Promise<void> {
    const session = await this.#parts.driver.connect(this.#parts.target, scope);
    this.#session = session;
    session.onClose(() => {
      this.#state = "closed";
      this.#parts.onClose(this, this.#closeCause);
    });
  }

  /** Tells where it is; the pool's part. Nothing brings a closed connection back. */
  become(state: "idle" | "in_use" | "validating"): void {
    if (this.#state !== "closed") this.#state = state;
  }

  /** Closes it unless the server answers within the scope. */
  async validate(scope: Scope): Promise<void> {
    const late = () => this.close("invalid");
    scope.onEnd(late);
    try {
      await this.#session?.ping();
    } catch {
      this.close("invalid");
    } finally {
      scope.offEnd(late);
    }
  }

  /**
   * Runs `sql` as a prepared statement. If the scope ends first, the command is stopped on the
   * server: a read fails at once, as `not_applied`; a write (`settle`) waits for what the server
   * says of it, and is `unknown` where the server says OK after the KILL, which acknowledges
   * nothing, or does not say within the pool's limit. A COMMIT is never killed.
   *
   * @throws {SqlError} what the server answered, or `connection_lost`; `connect_failed` if the
   * connection was lost before the command was sent
   * @throws {InterruptedError}
   */
  execute(
    sql: string,
    values: readonly SqlValue[],
    options: CommandOptions,
  ): Promise<Rows | Ok> {
    const session = this.#enter(sql, options);
    return session instanceof Error
      ? Promise.reject(session)
      : session.execute(sql, values, options.once);
  }

  /** Runs `sql` as text; the session is reset before the next borrower. As {@linkcode execute}. */
  query(sql: string, options: CommandOptions): Promise<Rows | Ok> {
    const session = this.#enter(sql, options);
    if (session instanceof Error) return Promise.reject(session);
    this.#dirty = true;
    return session.query(sql);
  }

  /**
   * Begins a transaction, or ends the one that was begun here. The server's OK to its end leaves
   * the session as clean as before, prepared statements included; a connection that is given back
   * without it is reset. A COMMIT is never killed, and its promise always waits for the server's
   * word. As {@linkcode execute}.
   *
   * @throws {TypeError} for a second transaction inside the first, which would commit it, and for
   * an end without a beginning: a reset in between has rolled the transaction back
   */
  transact(command: TransactionCommand, options: TransactOptions): Promise<Rows | Ok> {
    const session = this.#enter(command, options);
    if (session instanceof Error) return Promise.reject(session);
    const begins = command === "START TRANSACTION";
    if (begins === this.#inTransaction) {
      const rule = begins ? "the last transaction must have ended" : "a transaction must be open";
      return Promise.reject(new TypeError(`Cannot run ${command}: ${rule}`));
    }
    if (command === "COMMIT") this.#settle = true;
    if (begins) {
      this.#inTransaction = true;
      return session.query(command);
    }
    return session.query(command).then((result) => {
      this.#inTransaction = false;
      return result;
    });
  }

  /**
   * Runs statements in a transaction of their own, all sent at once, as {@linkcode MysqlSession.transact}.
   * Otherwise as {@linkcode execute}: what was sent and then lost may have been applied.
   */
  async transactAll(
    commands: readonly SqlCommand[],
    options: TransactAllOptions,
  ): Promise<Transacted> {
    const session = this.#enter("START TRANSACTION", options);
    if (session instanceof Error) throw session;
    const done = await session.transact(commands, options.executed);
    if (done.committed instanceof SqlError) this.#dirty = true;
    return done;
  }

  /** Prepares `sql` without running it. As {@linkcode execute}. */
  describe(sql: string, options: CommandOptions): Promise<Described> {
    const session = this.#enter(sql, options);
    return session instanceof Error ? Promise.reject(session) : session.describe(sql);
  }

  /**
   * Ends a borrower's use. Returns what must be over before the connection is lent again, or
   * `undefined` where it is fit as it is.
   */
  finish(): Promise<void> | undefined {
    this.#scope?.offEnd(this.#interrupt);
    this.#scope = undefined;
    if (this.#state === "closed") return undefined;
    // Nobody waits for it any longer.
    this.#interrupt("client_closed");
    if (this.#recovery === undefined && (this.#dirty || this.#inTransaction)) {
      this.#recovery = this.#cleanUp();
    }
    return this.#recovery;
  }

  /** Closes at once; a command under way fails with `connection_lost`. */
  close(cause: CloseCause): void {
    if (this.#state !== "closed") this.#closeCause = cause;
    this.#session?.destroy();
  }

  /** Says goodbye, then closes. */
  async end(cause: CloseCause): Promise<void> {
    if (this.#state === "closed") return;
    this.#state = "closed";
    this.#closeCause = cause;
    await this.#session?.end();
  }

  #enter(sql: string, options: CommandOptions): MysqlSession | Error {
    const { scope, settle = false } = options;
    const session = this.#session;
    if (session === undefined || session.closed) {
      return new SqlError("connect_failed", "the connection was lost before the command");
    }
    if (scope.ended !== undefined) return new InterruptedError(scope.ended, "not_applied");
    if (this.#recovery !== undefined) {
      return new TypeError("Cannot run a command: the last one must not have been stopped");
    }
    if (this.#scope !== scope) {
      this.#scope?.offEnd(this.#interrupt);
      scope.onEnd(this.#interrupt);
      this.#scope = scope;
    }
    this.#settle = settle;
    this.#sql = sql;
    return session;
  }

  readonly #interrupt = (end: ScopeEnd): void => {
    if (this.#recovery !== undefined) return;
    const session = this.#session;
    const command = session?.detach();
    if (session === undefined || command === undefined) return;
    this.#closeCause = "interrupted";
    this.#recovery = this.#parts.interrupter.stop({
      session,
      command,
      end,
      settle: this.#settle,
      sql: this.#sql,
    }).then((fit) => this.#recovered(fit));
  };

  async #cleanUp(): Promise<void> {
    const session = this.#session;
    this.#closeCause = "interrupted";
    this.#recovered(session !== undefined && await this.#parts.interrupter.reset(session));
  }

  #recovered(fit: boolean): void {
    this.#recovery = undefined;
    this.#dirty = this.#inTransaction = false;
    if (!fit) return this.close("interrupted");
    this.#closeCause = "lost";
  }
}
