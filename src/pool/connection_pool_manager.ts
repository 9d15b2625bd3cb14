import type { Timer } from "../core/clock.ts";
import type { PoolParts } from "./connection_factory.ts";
import { ConnectionPool } from "./connection_pool.ts";
import type { ConnectionPoolConfig } from "./connection_pool_config.ts";
import type { ConnectionPoolStats } from "./connection_pool_stats.ts";

const LEAK_CHECK_MS = 1_000;

/**
 * The named pools of one isolate.
 *
 * @example
 * ```ts
 * import { ConnectionPoolManager } from "./connection_pool_manager.ts";
 * import { systemClock } from "../core/clock.ts";
 * import { silentLog } from "../core/log.ts";
 * import { systemRandom } from "../core/random.ts";
 * import { ScopeWatch } from "../core/scope.ts";
 * import { Mysql2Driver } from "../drivers/mysql2_driver.ts";
 * import { assertEquals } from "@std/assert";
 *
 * const manager = new ConnectionPoolManager({
 *   driver: new Mysql2Driver(),
 *   clock: systemClock,
 *   random: systemRandom,
 *   log: silentLog,
 *   watch: new ScopeWatch({ clock: systemClock }),
 * });
 * const target = { host: "127.0.0.1", port: 3306, user: "game", password: "" };
 * manager.createPool({ name: "s1a", target, max: 4 });
 * assertEquals(manager.getPool("s1a").stats().idle, 0);
 * await manager.shutdownAll();
 * ```
 */
export class ConnectionPoolManager {
  readonly #parts: PoolParts;
  readonly #pools = new Map<string, ConnectionPool>();
  #timer: Timer | undefined;

  constructor(parts: PoolParts) {
    this.#parts = parts;
  }

  /** Makes a pool; nothing is dialled yet. @throws {TypeError} if the name is taken */
  createPool(config: ConnectionPoolConfig): ConnectionPool {
    if (this.#pools.has(config.name)) {
      throw new TypeError(`Cannot make a pool: names must differ, received "${config.name}" twice`);
    }
    const pool = new ConnectionPool(config, this.#parts);
    this.#pools.set(config.name, pool);
    return pool;
  }

  /** The pool of that name. @throws {TypeError} if there is none */
  getPool(name: string): ConnectionPool {
    const pool = this.#pools.get(name);
    if (pool !== undefined) return pool;
    throw new TypeError(`Cannot find a pool: it must have been made, received "${name}"`);
  }

  /** Opens every pool's `min` connections and begins to look for leaks. */
  async initializeAll(): Promise<void> {
    this.#timer ??= this.#parts.clock.every(LEAK_CHECK_MS, () => {
      for (const pool of this.#pools.values()) pool.warnOfLeaks();
    });
    await Promise.all([...this.#pools.values()].map((pool) => pool.initialize()));
  }

  /** Closes idle and aged connections of every pool. */
  upkeep(): void {
    for (const pool of this.#pools.values()) pool.upkeep();
  }

  /** What every pool holds and has done. */
  stats(): readonly ConnectionPoolStats[] {
    return [...this.#pools.values()].map((pool) => pool.stats());
  }

  /** Drains and closes every pool, all at once. */
  async shutdownAll(options: { readonly timeoutMs?: number } = {}): Promise<void> {
    this.#timer?.cancel();
    await Promise.all([...this.#pools.values()].map((pool) => pool.shutdown(options)));
    this.#pools.clear();
  }
}
