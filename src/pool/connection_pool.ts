import type { Log } from "../core/log.ts";
import type { Scope } from "../core/scope.ts";
import { ConnectionFactory, type FactoryParts } from "./connection_factory.ts";
import {
  type ConnectionPoolConfig,
  type ResolvedPoolConfig,
  resolvePoolConfig,
} from "./connection_pool_config.ts";
import {
  type CloseCause,
  type ConnectionPoolStats,
  PoolCounters,
} from "./connection_pool_stats.ts";
import { Dialler } from "./dialler.ts";
import { Lease } from "./lease.ts";
import type { PooledConnection } from "./pooled_connection.ts";
import { saturated, shuttingDown, Waiters } from "./waiters.ts";

/** What a pool works with; it owns none of it. */
export interface PoolParts extends FactoryParts {
  readonly log: Log;
}

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
  readonly #all = new Set<PooledConnection>();
  readonly #idle: PooledConnection[] = [];
  readonly #leases = new Set<Lease>();
  readonly #waiters: Waiters;
  readonly #dialler: Dialler;
  readonly #factory: ConnectionFactory;
  readonly #counters = new PoolCounters();
  readonly #maxWaiters: number;
  #phase: "open" | "closing" | "closed" = "open";
  #drained: (() => void) | undefined;

  /** @throws {RangeError} for numbers that cannot work */
  constructor(config: ConnectionPoolConfig, parts: PoolParts) {
    const { clock, random } = parts;
    this.name = config.name;
    this.#config = resolvePoolConfig(config);
    this.#parts = parts;
    this.#maxWaiters = this.#config.max * this.#config.waitersPerConnection;
    const onTimeout = () => this.#counters.timedOut++;
    const { acquireTimeoutMs: timeoutMs } = this.#config;
    this.#waiters = new Waiters({ pool: config.name, clock, timeoutMs, onTimeout });
    this.#dialler = new Dialler({ clock, random });
    this.#factory = new ConnectionFactory(this.#config, parts);
  }

  /** Opens `min` connections; a server that is down is not an error, but dialled again when asked for. */
  async initialize(): Promise<void> {
    while (this.#all.size < this.#config.min && this.#phase === "open") {
      try {
        this.#offer(await this.#open());
      } catch {
        return;
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
  acquire(options: { readonly scope: Scope; readonly label: string }): Lease | Promise<Lease> {
    if (this.#phase !== "open") throw shuttingDown(this.name);
    const now = this.#parts.clock.now();
    for (let idle = this.#idle.pop(); idle !== undefined; idle = this.#idle.pop()) {
      if (idle.lost) this.#drop(idle, "lost");
      else if (now >= idle.expiresAt) this.#drop(idle, "aged");
      else if (now - idle.idleSince <= this.#config.validateAfterIdleMs) {
        return this.#lend(idle, options.label, now);
      } else {
        void this.#validate(idle);
        break;
      }
    }
    if (this.#waiters.size >= this.#maxWaiters + this.#spare()) {
      this.#counters.saturated++;
      throw saturated(this.name, `${this.#waiters.size} callers wait already`);
    }
    const { pausedBy } = this.#dialler;
    if (this.#all.size === 0 && pausedBy !== undefined) throw pausedBy;
    const lease = this.#waiters.wait(options);
    this.#grow();
    return lease;
  }

  /** Takes a connection back and hands it to the first waiter. Idempotent; never dials. */
  release(lease: Lease): void {
    const connection = lease.giveBack();
    if (connection === undefined) return;
    this.#leases.delete(lease);
    const { recovery } = connection;
    if (recovery === undefined) return this.#offer(connection);
    connection.state = "validating";
    this.#counters.interrupted++;
    void recovery.then((fit) => {
      connection.recovered();
      if (fit) this.#offer(connection);
      else this.#drop(connection, "interrupted");
      this.#grow();
    });
  }

  /**
   * Refuses new callers and those who wait, waits for what is lent, closes everything. What is
   * still lent after `timeoutMs` (default 5 s) is closed under its borrower.
   */
  async shutdown(options: { readonly timeoutMs?: number } = {}): Promise<void> {
    if (this.#phase !== "open") return;
    this.#phase = "closing";
    this.#dialler.close();
    this.#waiters.refuseAll(shuttingDown(this.name));
    if (this.#leases.size > 0) {
      await new Promise<void>((resolve) => {
        const timer = this.#parts.clock.after(options.timeoutMs ?? 5_000, resolve);
        this.#drained = () => {
          timer.cancel();
          resolve();
        };
      });
    }
    this.#phase = "closed";
    const closing = [...this.#all].map(async (connection) => {
      const polite = connection.state === "idle" && !connection.lost;
      this.#forget(connection, "shutdown");
      if (polite) await connection.end();
      else connection.close();
    });
    await Promise.all(closing);
    await this.#factory.close();
  }

  /** What the pool holds and has done. */
  stats(): ConnectionPoolStats {
    const count = (state: PooledConnection["state"]) =>
      [...this.#all].filter((connection) => connection.state === state).length;
    return {
      name: this.name,
      max: this.#config.max,
      connecting: count("connecting"),
      idle: count("idle"),
      inUse: count("in_use"),
      validating: count("validating"),
      waiting: this.#waiters.size,
      totals: this.#counters.totals(),
    };
  }

  /** Closes connections that idled too long, down to `min`, and those that are too old. */
  upkeep(): void {
    const now = this.#parts.clock.now();
    const { idleTimeoutMs, min } = this.#config;
    for (const connection of [...this.#idle]) {
      const idled = now - connection.idleSince > idleTimeoutMs && this.#all.size > min;
      const cause = connection.lost
        ? "lost"
        : now >= connection.expiresAt
        ? "aged"
        : idled
        ? "idle"
        : undefined;
      if (cause === undefined) continue;
      this.#idle.splice(this.#idle.indexOf(connection), 1);
      this.#drop(connection, cause);
    }
  }

  /** Reports connections that are lent for too long, each once, by their borrower's label. */
  warnOfLeaks(): void {
    const now = this.#parts.clock.now();
    for (const lease of this.#leases) {
      const lentMs = now - lease.lentAt;
      if (lentMs < this.#config.leakWarningMs) return;
      if (lease.warned) continue;
      lease.warned = true;
      this.#counters.leakWarnings++;
      const fields = { pool: this.name, label: lease.label, lentMs: Math.round(lentMs) };
      this.#parts.log.warn("a connection is lent for long", fields);
    }
  }

  #lend(connection: PooledConnection, label: string, now: number): Lease {
    connection.state = "in_use";
    const lease = new Lease(connection, label, now);
    this.#leases.add(lease);
    this.#counters.lent++;
    return lease;
  }

  #offer(connection: PooledConnection): void {
    const now = this.#parts.clock.now();
    if (this.#phase !== "open") {
      this.#drop(connection, "shutdown");
      if (this.#leases.size === 0) this.#drained?.();
      return;
    }
    if (connection.lost || now >= connection.expiresAt) {
      this.#drop(connection, connection.lost ? "lost" : "aged");
      return this.#grow();
    }
    connection.idleSince = now;
    const waiter = this.#waiters.shift();
    if (waiter !== undefined) {
      this.#counters.waited(now - waiter.since);
      return waiter.serve(this.#lend(connection, waiter.label, now));
    }
    connection.state = "idle";
    this.#idle.push(connection);
  }

  async #validate(connection: PooledConnection): Promise<void> {
    connection.state = "validating";
    const fit = await this.#factory.validate(connection);
    if (fit) return this.#offer(connection);
    this.#drop(connection, "invalid");
    this.#grow();
  }

  /** Connections that could still be opened: their future borrowers do not count as waiting. */
  #spare(): number {
    return this.#config.max - this.#all.size;
  }

  /** Dials for those who wait, one connection at a time. */
  #grow(): void {
    if (this.#phase !== "open" || this.#waiters.size === 0 || this.#spare() <= 0) return;
    this.#dialler.run(() => this.#dial(), { onReady: () => this.#grow() });
  }

  async #dial(): Promise<void> {
    try {
      this.#offer(await this.#open());
    } catch (error) {
      if (this.#all.size === 0) this.#waiters.refuseAll(error as Error);
      throw error;
    }
  }

  async #open(): Promise<PooledConnection> {
    const connection = this.#factory.make();
    this.#all.add(connection);
    try {
      await this.#factory.open(connection);
      this.#counters.created++;
      return connection;
    } catch (error) {
      this.#counters.connectFailures++;
      this.#all.delete(connection);
      throw error;
    }
  }

  #drop(connection: PooledConnection, cause: CloseCause): void {
    this.#forget(connection, cause);
    connection.close();
  }

  #forget(connection: PooledConnection, cause: CloseCause): void {
    if (this.#all.delete(connection)) this.#counters.closedFor(cause);
  }
}
