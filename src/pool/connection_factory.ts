import type { Clock } from "../core/clock.ts";
import type { Log } from "../core/log.ts";
import type { Random } from "../core/random.ts";
import type { ScopeWatch } from "../core/scope.ts";
import type { MysqlDriver } from "../drivers/mysql.ts";
import type { ResolvedPoolConfig } from "./connection_pool_config.ts";
import type { PoolCounters } from "./connection_pool_stats.ts";
import { Interrupter } from "./interrupter.ts";
import { Killer } from "./killer.ts";
import { poolAttributes } from "./pool_spans.ts";
import { type ConnectionParts, PooledConnection } from "./pooled_connection.ts";

/** What a pool works with; it owns none of it. */
export interface PoolParts {
  readonly driver: MysqlDriver;
  readonly clock: Clock;
  readonly random: Random;
  readonly watch: ScopeWatch;
  readonly log: Log;
}

/** Makes a pool's connections, checks and closes them, each within a time limit. */
export class ConnectionFactory {
  readonly #config: ResolvedPoolConfig;
  readonly #parts: PoolParts;
  readonly #interrupter: Interrupter;
  readonly #onClose: ConnectionParts["onClose"];
  readonly #attributes: ConnectionParts["attributes"];

  constructor(
    config: ResolvedPoolConfig,
    parts: PoolParts & {
      readonly counters: PoolCounters;
      readonly onClose: ConnectionParts["onClose"];
    },
  ) {
    const { clock, counters } = parts;
    const { target, interruptTimeoutMs: timeoutMs } = config;
    this.#config = config;
    this.#parts = parts;
    this.#onClose = parts.onClose;
    this.#attributes = poolAttributes(config);
    const killer = config.proxied ? undefined : new Killer({ ...parts, target, timeoutMs });
    this.#interrupter = new Interrupter({ killer, clock, timeoutMs, counters });
  }

  /** A connection that is not open yet. */
  make(): PooledConnection {
    return new PooledConnection({
      driver: this.#parts.driver,
      target: this.#config.target,
      interrupter: this.#interrupter,
      onClose: this.#onClose,
      attributes: this.#attributes,
    });
  }

  /** Opens it and draws its lifetime. @throws {SqlError} */
  async open(connection: PooledConnection): Promise<void> {
    const { watch, clock, random } = this.#parts;
    const scope = watch.open({ timeoutMs: this.#config.connectTimeoutMs });
    try {
      await connection.connect(scope);
      const lifetimeMs = this.#config.maxLifetimeMs * (1 - 0.1 * random.next());
      connection.expiresAt = clock.now() + lifetimeMs;
    } finally {
      scope.close();
    }
  }

  /** Closes it unless the server answers on it. */
  async validate(connection: PooledConnection): Promise<void> {
    const scope = this.#parts.watch.open({ timeoutMs: this.#config.interruptTimeoutMs });
    try {
      await connection.validate(scope);
    } finally {
      scope.close();
    }
  }

  /** Says goodbye and closes it, whether the server answers or not. */
  async end(connection: PooledConnection, cause: "idle" | "aged" | "shutdown"): Promise<void> {
    const { clock } = this.#parts;
    const limit = clock.after(this.#config.interruptTimeoutMs, () => connection.close(cause));
    await connection.end(cause);
    limit.cancel();
  }

  /** Lets go of what was not needed lately. */
  upkeep(): void {
    this.#interrupter.upkeep();
  }

  /** Closes what it keeps for itself. */
  close(): void {
    this.#interrupter.close();
  }
}
