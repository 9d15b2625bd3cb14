import type { ScopeWatch } from "../core/scope.ts";
import type { MysqlDriver, MysqlSession, MysqlTarget } from "../drivers/mysql.ts";

/**
 * Stops commands on one server with KILL QUERY, over a session of its own that is opened when it
 * is first needed. It is never lent, and stands outside the pool's limit.
 */
export class Interrupter {
  readonly #driver: MysqlDriver;
  readonly #target: MysqlTarget;
  readonly #watch: ScopeWatch;
  readonly #timeoutMs: number;
  #session: Promise<MysqlSession> | undefined;
  #queue: Promise<unknown> = Promise.resolve();
  #closed = false;

  constructor(
    options: {
      readonly driver: MysqlDriver;
      readonly target: MysqlTarget;
      readonly watch: ScopeWatch;
      readonly timeoutMs: number;
    },
  ) {
    this.#driver = options.driver;
    this.#target = options.target;
    this.#watch = options.watch;
    this.#timeoutMs = options.timeoutMs;
  }

  /**
   * Sends KILL QUERY for a session of the same account and resolves with its reply. Its effect may
   * come after the command's own end: await both before the session is used again.
   */
  kill(threadId: number): Promise<void> {
    const sent = this.#queue.then(async () => {
      const session = await this.#open();
      await session.query(`KILL QUERY ${threadId}`);
    });
    this.#queue = sent.catch(() => {});
    return sent;
  }

  /** Closes the session. */
  async close(): Promise<void> {
    this.#closed = true;
    const session = await this.#session?.catch(() => undefined);
    session?.destroy();
  }

  #open(): Promise<MysqlSession> {
    if (this.#closed) return Promise.reject(new TypeError("Cannot kill: the pool must be open"));
    return this.#session ??= this.#dial();
  }

  async #dial(): Promise<MysqlSession> {
    const scope = this.#watch.open({ timeoutMs: this.#timeoutMs });
    try {
      const session = await this.#driver.connect(this.#target, scope);
      session.onClose(() => this.#session = undefined);
      return session;
    } catch (error) {
      this.#session = undefined;
      throw error;
    } finally {
      scope.close();
    }
  }
}
