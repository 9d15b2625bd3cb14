import type { MysqlTarget } from "../drivers/mysql.ts";

/** How one pool behaves; see {@linkcode resolvePoolConfig} for the defaults. */
export interface ConnectionPoolConfig {
  /** Unique among the pools of a manager. */
  readonly name: string;
  readonly target: MysqlTarget;
  /** The shard that its server is of, for traces. @default {none is named} */
  readonly shard?: string | undefined;
  /** Connections opened at the start, and not closed for idling. @default {0} */
  readonly min?: number;
  /** Connections at most, whatever their state. @default {8} */
  readonly max?: number;
  /** How long opening a connection may take, in milliseconds. @default {1_500} */
  readonly connectTimeoutMs?: number;
  /** How long a caller waits for a connection, in milliseconds. @default {2_000} */
  readonly acquireTimeoutMs?: number;
  /** Callers that may wait, per connection; past it they are refused at once. @default {4} */
  readonly waitersPerConnection?: number;
  /** A connection that idled longer is checked before it is lent. @default {500} */
  readonly validateAfterIdleMs?: number;
  /** A connection that idled longer is closed, down to `min`. @default {300_000} */
  readonly idleTimeoutMs?: number;
  /** A connection is closed at this age, less up to 10 % drawn once. @default {1_800_000} */
  readonly maxLifetimeMs?: number;
  /** A connection that was lent longer is reported by its borrower's label. @default {10_000} */
  readonly leakWarningMs?: number;
  /**
   * How long the server may take to stop a command, to answer a ping or to say goodbye before the
   * connection is closed. @default {1_000}
   */
  readonly interruptTimeoutMs?: number;
  /** Whether the server sits behind a proxy, where KILL would hit another session. @default {false} */
  readonly proxied?: boolean;
}

/** The same with every default filled in. */
export type ResolvedPoolConfig = Required<ConnectionPoolConfig>;

const MAY_BE_ZERO = new Set(["min", "waitersPerConnection", "validateAfterIdleMs"]);

/**
 * Fills the defaults in and checks the numbers.
 *
 * @throws {RangeError} for a number that cannot work
 *
 * @example
 * ```ts
 * import { resolvePoolConfig } from "./connection_pool_config.ts";
 * import { assertEquals } from "@std/assert";
 *
 * const target = { host: "127.0.0.1", port: 3306, user: "game", password: "" };
 * assertEquals(resolvePoolConfig({ name: "s1a", target }).max, 8);
 * ```
 */
export function resolvePoolConfig(config: ConnectionPoolConfig): ResolvedPoolConfig {
  const resolved: ResolvedPoolConfig = {
    name: config.name,
    target: config.target,
    shard: config.shard,
    min: config.min ?? 0,
    max: config.max ?? 8,
    connectTimeoutMs: config.connectTimeoutMs ?? 1_500,
    acquireTimeoutMs: config.acquireTimeoutMs ?? 2_000,
    waitersPerConnection: config.waitersPerConnection ?? 4,
    validateAfterIdleMs: config.validateAfterIdleMs ?? 500,
    idleTimeoutMs: config.idleTimeoutMs ?? 300_000,
    maxLifetimeMs: config.maxLifetimeMs ?? 1_800_000,
    leakWarningMs: config.leakWarningMs ?? 10_000,
    interruptTimeoutMs: config.interruptTimeoutMs ?? 1_000,
    proxied: config.proxied ?? false,
  };
  const { min, max } = resolved;
  const whole = (name: string, value: number, least: number) => {
    if (Number.isInteger(value) && value >= least) return;
    throw new RangeError(
      `Cannot make the pool ${config.name}: ${name} must be a whole number from ${least}, received ${value}`,
    );
  };
  for (const [name, value] of Object.entries(resolved)) {
    if (typeof value === "number") whole(name, value, MAY_BE_ZERO.has(name) ? 0 : 1);
  }
  if (min > max) {
    throw new RangeError(
      `Cannot make the pool ${config.name}: min must be at most max (${max}), received ${min}`,
    );
  }
  return resolved;
}
