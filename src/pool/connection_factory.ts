import type { Clock } from "../core/clock.ts";
import type { Random } from "../core/random.ts";
import type { ScopeWatch } from "../core/scope.ts";
import type { MysqlDriver } from "../drivers/mysql.ts";
import type { ResolvedPoolConfig } from "./connection_pool_config.ts";
import { Interrupter } from "./interrupter.ts";
import { PooledConnection } from "./pooled_connection.ts";

/** What a factory works with; it owns none of it. */
export interface FactoryParts {
  readonly driver: MysqlDriver;
  readonly clock: Clock;
  readonly random: Random;
  readonly watch: ScopeWatch;
}

/** Makes a pool's connections and checks them, each within a time limit of its own. */
export class ConnectionFactory {
  readonly #config: ResolvedPoolConfig;
  readonly #parts: FactoryParts;
  readonly #interrupter: Interrupter | undefined;

  constructor(config: ResolvedPoolConfig, parts: FactoryParts) {
    this.#config = config;
    this.#parts = parts;
    this.#interrupter = config.proxied ? undefined : new Interrupter({
      ...parts,
      target: config.target,
      timeoutMs: config.interruptTimeoutMs,
    });
  }

  /** A connection that is not open yet. */
  make(): PooledConnection {
    const { target, interruptTimeoutMs } = this.#config;
    const interrupter = this.#interrupter;
    return new PooledConnection({ ...this.#parts, target, interrupter, interruptTimeoutMs });
  }

  /** Opens it and draws its lifetime. @throws {SqlError} */
  async open(connection: PooledConnection): Promise<void> {
    const { watch, clock, random } = this.#parts;
    const scope = watch.open({ timeoutMs: this.#config.acquireTimeoutMs });
    try {
      await connection.connect(scope);
      const lifetimeMs = this.#config.maxLifetimeMs * (1 - 0.1 * random.next());
      connection.expiresAt = clock.now() + lifetimeMs;
    } finally {
      scope.close();
    }
  }

  /** Whether the server still answers on it. */
  async validate(connection: PooledConnection): Promise<boolean> {
    const scope = this.#parts.watch.open({ timeoutMs: this.#config.interruptTimeoutMs });
    try {
      return await connection.validate(scope);
    } finally {
      scope.close();
    }
  }

  /** Closes what it keeps for itself. */
  async close(): Promise<void> {
    await this.#interrupter?.close();
  }
}
