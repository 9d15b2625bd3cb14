import { assertEquals, assertThrows } from "@std/assert";
import {
  type ConnectionPoolConfig,
  resolvePoolConfig,
} from "../../src/pool/connection_pool_config.ts";

const config: ConnectionPoolConfig = {
  name: "s1a",
  target: { host: "127.0.0.1", port: 3306, user: "app", password: "" },
};

Deno.test("resolvePoolConfig fills the documented defaults in when nothing is given", () => {
  const { target: _target, ...rest } = resolvePoolConfig(config);
  assertEquals(rest, {
    name: "s1a",
    shard: undefined,
    min: 0,
    max: 8,
    connectTimeoutMs: 1_500,
    acquireTimeoutMs: 2_000,
    waitersPerConnection: 4,
    validateAfterIdleMs: 500,
    idleTimeoutMs: 300_000,
    maxLifetimeMs: 1_800_000,
    leakWarningMs: 10_000,
    interruptTimeoutMs: 1_000,
    proxied: false,
  });
});

Deno.test("resolvePoolConfig names the rule and the value when a number cannot work", () => {
  const refused = (wrong: Partial<ConnectionPoolConfig>, rule: string) =>
    assertThrows(() => resolvePoolConfig({ ...config, ...wrong }), RangeError, rule);
  refused({ max: 0 }, "max must be a whole number from 1, received 0");
  refused({ max: 1.5 }, "max must be a whole number from 1, received 1.5");
  refused({ min: -1 }, "min must be a whole number from 0, received -1");
  refused({ min: 9 }, "min must be at most max (8), received 9");
  refused({ waitersPerConnection: -1 }, "waitersPerConnection must be a whole number from 0");
  refused({ acquireTimeoutMs: NaN }, "acquireTimeoutMs must be a whole number from 1");
  refused({ leakWarningMs: 0 }, "leakWarningMs must be a whole number from 1");
});
