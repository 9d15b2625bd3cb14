import { findPrograms } from "../../deploy/local/programs.ts";
import { RedisServer } from "../../deploy/local/redis_server.ts";
import { systemClock } from "../../src/core/clock.ts";
import { silentLog } from "../../src/core/log.ts";
import { systemRandom } from "../../src/core/random.ts";
import { type Scope, ScopeWatch } from "../../src/core/scope.ts";
import { IoredisClient } from "../../src/drivers/ioredis_client.ts";
import type { AcquireRequest, Grant } from "../../src/locks/acquirer.ts";
import {
  DistributedLockManager,
  type DistributedLockManagerOptions,
} from "../../src/locks/distributed_lock_manager.ts";
import { eventually } from "../support/eventually.ts";

/** One isolate's locks, with what a test does most often with them. */
export interface LockIsolate {
  readonly manager: DistributedLockManager;
  readonly redis: IoredisClient;
  /** Opens a scope that ends by itself; the fixture closes it. */
  scope(timeoutMs?: number): Scope;
  acquire(name: string, asked?: Partial<AcquireRequest>, scope?: Scope): Promise<Grant>;
  release(grant: Grant): Promise<boolean>;
  /** Goes without a word, as a process does that is killed. */
  vanish(): Promise<void>;
}

/** A Redis server and as many isolates on it as a test wants. */
export interface LockFixture {
  readonly server: RedisServer;
  isolate(options?: Partial<DistributedLockManagerOptions>): Promise<LockIsolate>;
}

/** Runs a test on a Redis server of its own. */
export async function withLocks(test: (fixture: LockFixture) => Promise<void>): Promise<void> {
  const home = await Deno.makeTempDir({ prefix: "realmgate-test-" });
  const server = new RedisServer({ home, port: 0, program: (await findPrograms()).redisServer });
  await using cleanUp = new AsyncDisposableStack();
  cleanUp.defer(() => Deno.remove(home, { recursive: true }));
  await server.start();
  cleanUp.defer(() => server.stop());
  await test({
    server,
    isolate: async (options = {}) => {
      const redis = new IoredisClient({
        server: { kind: "url", url: server.url },
        clock: systemClock,
        random: systemRandom,
        log: silentLog,
        timeoutMs: 500,
        heartbeatMs: 100,
      });
      cleanUp.defer(() => redis.close());
      const watch = new ScopeWatch({ clock: systemClock });
      cleanUp.defer(() => watch.close());
      await redis.start();
      // On a machine that stands still for a moment the first attempt may come to nothing.
      await eventually(() => redis.state === "up");
      const manager = new DistributedLockManager({
        redis,
        fleet: "test",
        clock: systemClock,
        random: systemRandom,
        watch,
        ...options,
      });
      await manager.initialize();
      const scope = (timeoutMs = 10_000) => {
        const opened = watch.open({ timeoutMs });
        cleanUp.defer(() => opened.close());
        return opened;
      };
      return {
        manager,
        redis,
        scope,
        acquire: (name, asked = {}, within = scope()) =>
          manager.acquire({
            name,
            ttlMs: 10_000,
            waitMs: 0,
            owner: "tester",
            arrivedAt: systemClock.now(),
            ...asked,
          }, within),
        release: ({ name, token }) => manager.release({ name, token }, scope()),
        vanish: () => redis.close(),
      };
    },
  });
}

/** Sends one command over a connection of its own; returns the raw reply. */
export async function command(server: RedisServer, line: string): Promise<string> {
  const connection = await Deno.connect({ hostname: server.host, port: server.port });
  try {
    await connection.write(new TextEncoder().encode(`${line}\r\n`));
    const buffer = new Uint8Array(65_536);
    return new TextDecoder().decode(buffer.subarray(0, await connection.read(buffer) ?? 0));
  } finally {
    connection.close();
  }
}
