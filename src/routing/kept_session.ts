import type { Clock } from "../core/clock.ts";
import type { ScopeWatch } from "../core/scope.ts";
import type { MysqlDriver, MysqlSession, MysqlTarget } from "../drivers/mysql.ts";
import { REST_MS, retireSession } from "./retire_session.ts";

/** What a {@linkcode KeptSession} works with; it owns none of it. */
export interface KeptSessionOptions {
  readonly driver: MysqlDriver;
  readonly clock: Clock;
  readonly watch: ScopeWatch;
}

/** Where a session is needed, and for how long at most, in milliseconds. */
export interface SessionUse {
  readonly node: string;
  readonly target: MysqlTarget;
  readonly timeoutMs: number;
}

/**
 * One session for work that comes again and again, on whichever node it is needed, kept between its
 * uses. One use at a time; a use that takes too long is cut off with its session, so that a server
 * that hangs holds up nothing else.
 */
export class KeptSession {
  readonly #options: KeptSessionOptions;
  #open: { readonly node: string; readonly session: MysqlSession } | undefined;
  #using: Promise<unknown> | undefined;
  /** When the last use ended. */
  #usedAt = 0;
  #closed = false;

  constructor(options: KeptSessionOptions) {
    this.#options = options;
  }

  /** Whether it is in use. */
  get busy(): boolean {
    return this.#using !== undefined;
  }

  /**
   * Runs `work` on a session to a node, and opens one if need be.
   *
   * @throws {SqlError} `connect_failed`, or `connection_lost` when the time is over; and what `work`
   * throws
   * @throws {TypeError} while it is busy, or closed
   */
  use<T>(use: SessionUse, work: (session: MysqlSession) => Promise<T>): Promise<T> {
    if (this.busy || this.#closed) {
      const state = this.#closed ? "closed" : "in use";
      return Promise.reject(new TypeError(`Cannot use a session: must be free, received ${state}`));
    }
    const used = this.#use(use, work).finally(() => {
      this.#using = undefined;
      this.#usedAt = this.#options.clock.now();
    });
    this.#using = used.catch(() => {});
    return used;
  }

  /** Closes the session if it was not used for a while. */
  rest(): void {
    if (this.#open === undefined || this.busy) return;
    if (this.#options.clock.now() - this.#usedAt > REST_MS) this.#retire();
  }

  /** Ends the use under way, and the session, for good. */
  async close(): Promise<void> {
    this.#closed = true;
    this.#drop();
    await this.#using;
    this.#drop();
  }

  async #use<T>(use: SessionUse, work: (session: MysqlSession) => Promise<T>): Promise<T> {
    const { driver, watch } = this.#options;
    const { node, target, timeoutMs } = use;
    if (this.#open?.session.closed === true) this.#drop();
    if (this.#open !== undefined && this.#open.node !== node) this.#retire();
    const scope = watch.open({ timeoutMs });
    const giveUp = () => this.#drop();
    scope.onEnd(giveUp);
    try {
      const { session } = this.#open ??= { node, session: await driver.connect(target, scope) };
      // Closed meanwhile: the first command fails.
      if (this.#closed) this.#drop();
      return await work(session);
    } finally {
      scope.offEnd(giveUp);
      scope.close();
    }
  }

  #retire(): void {
    const idle = this.#open;
    this.#open = undefined;
    if (idle !== undefined) retireSession(idle.session, this.#options.watch);
  }

  #drop(): void {
    this.#open?.session.destroy();
    this.#open = undefined;
  }
}
