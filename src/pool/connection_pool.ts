import type { Scope } from "../core/scope.ts";
import { ConnectionFactory, type PoolParts } from "./connection_factory.ts";
import {
  type ConnectionPoolConfig,
  type ResolvedPoolConfig,
  resolvePoolConfig,
} from "./connection_pool_config.ts";
import {
  type CloseCause,
  type ConnectionPoolStats,
  PoolCounters,
  summarise,
} from "./connection_pool_stats.ts";
import { Dialler } from "./dialler.ts";
import { Lease } from "./lease.ts";
import { traceWait } from "./pool_spans.ts";
import type { PooledConnection } from "./pooled_connection.ts";
import { endError, saturated, shuttingDown, tooLong, Waiters } from "./waiters.ts";

/** For whom a connection is asked for, and what reports call them. */
type Asked = { readonly scope: Scope; readonly label: string };

/**
 * A bounded pool of connections to one server, first come first served.
 *
 * A caller gets an idle connection at once, else waits for one; past the bound of waiters it is
 * refused at once with `pool_saturated`. A connection that is given back goes straight to the
 * first waiter. A connection whose command was stopped is lent again only after the server has
 * confirmed the end of both the command and its KILL, and the session was reset.
 */
export class ConnectionPool {
  readonly name: string;
  readonly #config: ResolvedPoolConfig;
  readonly #parts: PoolParts;
  /** Every connection that is open or being opened. */
  readonly #all = new Set<PooledConnection>();
  /** The last one given back is lent first, so that the others can grow old and be closed. */
  readonly #idle: PooledConnection[] = [];
  readonly #waiters: Waiters;
  readonly #dialler: Dialler;
  readonly #factory: ConnectionFactory;
  readonly #counters = new PoolCounters();
  #lent = 0;
  #validating = 0;
  #closing: PromiseWithResolvers<void> | undefined;

  /** @throws {RangeError} for numbers that cannot work */
  constructor(config: ConnectionPoolConfig, parts: PoolParts) {
    const { clock, random } = parts;
    const counters = this.#counters;
    this.name = config.name;
    this.#config = resolvePoolConfig(config);
    this.#parts = parts;
    this.#waiters = new Waiters({
      pool: config.name,
      clock,
      timeoutMs: this.#config.acquireTimeoutMs,
      onTimeout: () => counters.timedOut++,
      timeoutError: () => tooLong(this.#config, { lent: this.#lent }),
    });
    this.#dialler = new Dialler({ clock, random });
    this.#factory = new ConnectionFactory(this.#config, {
      ...parts,
      counters,
      onClose: (connection, cause) => this.#forget(connection, cause),
    });
  }

  /** Opens `min` connections; a server that is down is not an error: it is dialled on demand. */
  async initialize(): Promise<void> {
    while (this.#all.size < this.#config.min && this.#closing === undefined) {
      try {
        await this.#open();
      } catch (error) {
        const fields = { pool: this.name, error: String(error) };
        return this.#parts.log.warn("cannot open a pool's first connections", fields);
      }
    }
  }

  /**
   * Lends a connection: without a promise where a fresh one is idle, since that is the hot path.
   * Whoever borrows gives it back with {@linkcode release}, in a `finally`.
   *
   * @throws {RealmgateError} `pool_saturated`, `deadline_exceeded`, `client_closed_request`,
   * `shutting_down`
   * @throws {SqlError} why the server cannot be reached, where there is no connection to wait for
   */
  acquire(options: Asked): Lease | Promise<Lease> {
    const { trace } = options.scope;
    if (trace === undefined) return this.#acquire(options);
    return traceWait(trace, { pool: this.#config, asked: options }, this.#acquire);
  }

  readonly #acquire = (options: Asked): Lease | Promise<Lease> => {
    if (options.scope.ended !== undefined) throw endError(options.scope.ended, this.name);
    const connection = this.#idle.pop();
    if (connection !== undefined) {
      const now = this.#parts.clock.now();
      if (now - connection.idleSince < this.#config.validateAfterIdleMs) {
        return this.#lend(connection, options.label, now);
      }
      this.#idle.push(connection);
    }
    return this.#wait(options);
  };

  /**
   * Takes a connection back and hands it to the first waiter. Idempotent; never dials, and never
   * waits: a connection with a stopped command comes back by itself once it is fit.
   */
  release(lease: Lease): void {
    const connection = lease.giveBack();
    if (connection === undefined) return;
    connection.lease = undefined;
    this.#lent--;
    const cleaning = connection.finish();
    if (cleaning === undefined) return this.#offer(connection);
    connection.become("validating");
    void cleaning.then(() => this.#offer(connection));
  }

  /**
   * Refuses new callers and those who wait, waits for what is lent, closes everything. What is
   * still lent after `timeoutMs` (default 5 s) is closed under its borrower.
   */
  shutdown(options: { readonly timeoutMs?: number } = {}): Promise<void> {
    if (this.#closing !== undefined) return this.#closing.promise;
    this.#closing = Promise.withResolvers();
    this.#dialler.close();
    this.#waiters.refuseAll(shuttingDown(this.name));
    for (const idle of this.#idle.splice(0)) void this.#factory.end(idle, "shutdown");
    const limit = this.#parts.clock.after(options.timeoutMs ?? 5_000, () => {
      for (const connection of this.#all) connection.close("shutdown");
    });
    this.#closeIfEmpty();
    return this.#closing.promise.finally(() => limit.cancel());
  }

  /** What the pool holds and has done. */
  stats(): ConnectionPoolStats {
    return summarise({
      name: this.name,
      max: this.#config.max,
      states: [...this.#all].map(({ state }) => state),
      waiting: this.#waiters.size,
      counters: this.#counters,
    });
  }

  /** Closes connections that idled too long, down to `min`, and those that are too old. */
  upkeep(): void {
    const now = this.#parts.clock.now();
    const { idleTimeoutMs, min } = this.#config;
    let spare = this.#all.size - min;
    for (const connection of [...this.#idle]) {
      const aged = now >= connection.expiresAt;
      if (!aged && (now - connection.idleSince <= idleTimeoutMs || spare <= 0)) continue;
      spare--;
      this.#idle.splice(this.#idle.indexOf(connection), 1);
      void this.#factory.end(connection, aged ? "aged" : "idle");
    }
    this.#factory.upkeep();
  }

  /** Reports connections that are lent for too long, each once, by their borrower's label. */
  warnOfLeaks(): void {
    const now = this.#parts.clock.now();
    for (const { lease } of this.#all) {
      if (lease === undefined || lease.warned) continue;
      const lentMs = now - lease.lentAt;
      if (lentMs < this.#config.leakWarningMs) continue;
      lease.warned = true;
      this.#counters.leakWarnings++;
      const fields = { pool: this.name, label: lease.label, lentMs: Math.round(lentMs) };
      this.#parts.log.warn("a connection is lent for long", fields);
    }
  }

  #wait(options: Asked): Promise<Lease> {
    if (this.#closing !== undefined) throw shuttingDown(this.name);
    const { max, waitersPerConnection } = this.#config;
    // A caller for whom a connection can still be opened does not count as waiting for another.
    if (this.#lent + this.#waiters.size >= max * (1 + waitersPerConnection)) {
      this.#counters.saturated++;
      throw saturated(this.name, `${this.#waiters.size} callers wait already`);
    }
    const { pausedBy } = this.#dialler;
    if (this.#all.size === 0 && pausedBy !== undefined) throw pausedBy;
    const lease = this.#waiters.wait(options);
    this.#grow();
    return lease;
  }

  #lend(connection: PooledConnection, label: string, now: number): Lease {
    connection.become("in_use");
    this.#lent++;
    this.#counters.lent++;
    return connection.lease = new Lease(connection, label, now);
  }

  #offer(connection: PooledConnection): void {
    if (connection.state === "closed") return;
    const now = this.#parts.clock.now();
    if (this.#closing !== undefined || now >= connection.expiresAt) {
      const cause = this.#closing === undefined ? "aged" : "shutdown";
      return void this.#factory.end(connection, cause);
    }
    const waiter = this.#waiters.shift();
    if (waiter !== undefined) {
      this.#counters.waited(now - waiter.since);
      return waiter.serve(this.#lend(connection, waiter.label, now));
    }
    connection.become("idle");
    connection.idleSince = now;
    this.#idle.push(connection);
  }

  /** Finds connections for those who wait: checks idle ones, then dials one at a time. */
  #grow(): void {
    if (this.#closing !== undefined) return;
    while (this.#waiters.size > this.#validating) {
      const connection = this.#idle.pop();
      if (connection === undefined) {
        if (this.#all.size >= this.#config.max) return;
        return this.#dialler.run(() => this.#dial(), { onReady: () => this.#grow() });
      }
      void this.#validate(connection);
    }
  }

  async #validate(connection: PooledConnection): Promise<void> {
    this.#validating++;
    connection.become("validating");
    await this.#factory.validate(connection);
    this.#validating--;
    this.#offer(connection);
    this.#grow();
  }

  async #dial(): Promise<void> {
    try {
      await this.#open();
    } catch (error) {
      if (this.#all.size === 0) this.#waiters.refuseAll(error as Error);
      throw error;
    }
  }

  async #open(): Promise<void> {
    const connection = this.#factory.make();
    this.#all.add(connection);
    try {
      await this.#factory.open(connection);
    } catch (error) {
      this.#counters.connectFailures++;
      this.#all.delete(connection);
      this.#closeIfEmpty();
      throw error;
    }
    this.#counters.created++;
    this.#offer(connection);
  }

  #forget(connection: PooledConnection, cause: CloseCause): void {
    if (!this.#all.delete(connection)) return;
    this.#counters.closedFor(cause);
    const at = this.#idle.indexOf(connection);
    if (at >= 0) this.#idle.splice(at, 1);
    this.#grow();
    this.#closeIfEmpty();
  }

  #closeIfEmpty(): void {
    if (this.#closing === undefined || this.#all.size > 0) return;
    this.#factory.close();
    this.#closing.resolve();
  }
}
