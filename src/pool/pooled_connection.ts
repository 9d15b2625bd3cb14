import type { Clock } from "../core/clock.ts";
import type { Scope, ScopeEnd, ScopeWatch } from "../core/scope.ts";
import {
  type MysqlDriver,
  type MysqlSession,
  type MysqlTarget,
  type Ok,
  type Rows,
  SqlError,
  type SqlValue,
} from "../drivers/mysql.ts";
import { InterruptedError } from "./interrupted_error.ts";
import type { Interrupter } from "./interrupter.ts";

/** Where a connection is in its life. */
export type ConnectionState = "connecting" | "idle" | "in_use" | "validating" | "closed";

/** What a connection needs of its pool. */
export interface ConnectionParts {
  readonly driver: MysqlDriver;
  readonly target: MysqlTarget;
  readonly clock: Clock;
  readonly watch: ScopeWatch;
  /** Absent behind a proxy: a command is stopped by closing its connection. */
  readonly interrupter: Interrupter | undefined;
  readonly interruptTimeoutMs: number;
}

/** The server stopped the command, as it was told to. */
const ER_QUERY_INTERRUPTED = 1317;

/** One connection of a pool: its session, its state, and its recovery after a stopped command. */
export class PooledConnection {
  state: ConnectionState = "connecting";
  /** When it was last given back, on the clock's `now()`. */
  idleSince = 0;
  /** When it is too old to be lent. */
  expiresAt = Infinity;
  readonly #parts: ConnectionParts;
  #session: MysqlSession | undefined;
  #recovery: Promise<boolean> | undefined;

  constructor(parts: ConnectionParts) {
    this.#parts = parts;
  }

  /** Whether its transport is gone. */
  get lost(): boolean {
    return this.#session?.closed ?? true;
  }

  /** Settles once the last stopped command is over: whether the session may be used again. */
  get recovery(): Promise<boolean> | undefined {
    return this.#recovery;
  }

  /** Opens the session. @throws {SqlError} `connect_failed` or the server's refusal */
  async connect(scope: Scope): Promise<void> {
    this.#session = await this.#parts.driver.connect(this.#parts.target, scope);
  }

  /** Whether the server still answers on this session, within the scope. */
  async validate(scope: Scope): Promise<boolean> {
    const session = this.#session;
    if (session === undefined || session.closed) return false;
    const ended = Promise.withResolvers<false>();
    const onEnd = () => ended.resolve(false);
    scope.onEnd(onEnd);
    try {
      return await Promise.race([session.ping().then(() => true, () => false), ended.promise]);
    } finally {
      scope.offEnd(onEnd);
    }
  }

  /**
   * Runs one command. If the scope ends first, the command is stopped on the server: a read fails
   * at once with `not_applied`; a write (`settle`) waits for what the server says of it, which may
   * be success, and fails as `unknown` where the server does not say within a second.
   *
   * @throws {SqlError} what the server answered, or `connection_lost`
   * @throws {InterruptedError}
   */
  execute(
    sql: string,
    values: readonly SqlValue[],
    options: { readonly scope: Scope; readonly settle?: boolean },
  ): Promise<Rows | Ok> {
    const { scope, settle = false } = options;
    const session = this.#session;
    if (session === undefined || session.closed) {
      return Promise.reject(new SqlError("connect_failed", "the connection was closed before use"));
    }
    if (scope.ended !== undefined) {
      return Promise.reject(new InterruptedError(scope.ended, "not_applied"));
    }
    return new Promise((resolve, reject) => {
      let stopped: ScopeEnd | undefined;
      const command = session.execute(sql, values);
      const onEnd = (end: ScopeEnd) => {
        stopped = end;
        const recovery = this.#recovery = this.#recover(session, command);
        if (!settle) reject(new InterruptedError(end, "not_applied"));
        else void recovery.then(() => reject(new InterruptedError(end, "unknown")));
      };
      scope.onEnd(onEnd);
      command.then((result) => {
        scope.offEnd(onEnd);
        resolve(result);
      }, (error: unknown) => {
        scope.offEnd(onEnd);
        if (stopped === undefined) return reject(error);
        const said = error instanceof SqlError && error.kind === "server";
        if (said && error.errno !== ER_QUERY_INTERRUPTED) return reject(error);
        reject(new InterruptedError(stopped, said ? "not_applied" : "unknown"));
      });
    });
  }

  /** Closes at once. */
  close(): void {
    this.state = "closed";
    this.#session?.destroy();
  }

  /** Says goodbye, then closes. */
  async end(): Promise<void> {
    this.state = "closed";
    await this.#session?.end();
  }

  /** Clears the recovery once the pool has dealt with it. */
  recovered(): void {
    this.#recovery = undefined;
  }

  /**
   * Stops the command and makes the session fit for the next borrower. KILL's effect can come
   * after the command's end, so both are awaited; only then is the session reset. Where that takes
   * over a second the session is given up.
   */
  async #recover(session: MysqlSession, command: Promise<unknown>): Promise<boolean> {
    const { interrupter, clock, interruptTimeoutMs } = this.#parts;
    if (interrupter === undefined) {
      session.destroy();
      return false;
    }
    const tooLong = Promise.withResolvers<false>();
    const timer = clock.after(interruptTimeoutMs, () => tooLong.resolve(false));
    try {
      const stopped = Promise.all([
        interrupter.kill(session.threadId),
        command.then(() => {}, () => {}),
      ]).then(() => session.reset()).then(() => true, () => false);
      const fit = await Promise.race([stopped, tooLong.promise]);
      if (!fit) session.destroy();
      return fit && !session.closed;
    } finally {
      timer.cancel();
    }
  }
}
