import type { Clock } from "../core/clock.ts";
import type { Scope, ScopeWatch } from "../core/scope.ts";
import {
  type MysqlDriver,
  type MysqlSession,
  type MysqlTarget,
  SqlError,
} from "../drivers/mysql.ts";

/** What a killer works with. */
export interface KillerOptions {
  readonly driver: MysqlDriver;
  readonly target: MysqlTarget;
  readonly watch: ScopeWatch;
  readonly clock: Clock;
  /** How long one kill may take, connecting included. */
  readonly timeoutMs: number;
}

/** How long the session is kept after its last use. */
const KEEP_MS = 30_000;
/** There is no such session any more, so there is nothing left to kill. */
const ER_NO_SUCH_THREAD = 1094;

/** Whether a session's statement is to end, or the session with it. */
type KillWhat = "QUERY" | "CONNECTION";

/**
 * Sends KILL to one server, over a session of its own that is opened when it is first needed.
 * It is never lent, and stands outside the pool's limit.
 */
export class Killer {
  readonly #options: KillerOptions;
  #session: MysqlSession | undefined;
  #usedAt = 0;
  #closed = false;
  #last: Promise<unknown> = Promise.resolve();

  constructor(options: KillerOptions) {
    this.#options = options;
  }

  /**
   * Kills what a session of the same account runs, or all of it; resolves with the server's reply.
   * The effect may come after the statement's own end: await both before that session is used. It
   * is lost where the statement has not begun yet.
   *
   * @throws {SqlError} if the server did not reply in time
   */
  kill(threadId: number, what: KillWhat = "QUERY"): Promise<void> {
    if (this.#closed) return Promise.reject(new TypeError("Cannot kill: the pool must be open"));
    const { watch, timeoutMs } = this.#options;
    // Its time begins here, so that kills of a server that stopped all give up together.
    const scope = watch.open({ timeoutMs });
    const sent = this.#last.then(() => this.#send(`KILL ${what} ${threadId}`, scope)).finally(() =>
      scope.close()
    );
    this.#last = sent.catch(() => {});
    return sent;
  }

  /** Closes the session where it was not needed for a while. */
  upkeep(): void {
    if (this.#options.clock.now() - this.#usedAt > KEEP_MS) this.#session?.destroy();
  }

  /** Closes the session for good; kills fail from now on. */
  close(): void {
    this.#closed = true;
    this.#session?.destroy();
  }

  async #send(sql: string, scope: Scope): Promise<void> {
    const session = this.#session ?? await this.#open(scope);
    this.#usedAt = this.#options.clock.now();
    const abandon = () => session.destroy();
    scope.onEnd(abandon);
    try {
      await session.query(sql);
    } catch (error) {
      if (!(error instanceof SqlError && error.errno === ER_NO_SUCH_THREAD)) throw error;
    } finally {
      scope.offEnd(abandon);
    }
  }

  async #open(scope: Scope): Promise<MysqlSession> {
    const { driver, target } = this.#options;
    const session = await driver.connect(target, scope);
    if (this.#closed) session.destroy();
    else this.#session = session;
    session.onClose(() => this.#session = undefined);
    return session;
  }
}
