import { assert, assertEquals } from "@std/assert";
import type { MariadbServer } from "../../deploy/local/mariadb_server.ts";
import { systemClock } from "../../src/core/clock.ts";
import { type Log, silentLog } from "../../src/core/log.ts";
import { systemRandom } from "../../src/core/random.ts";
import { ScopeWatch } from "../../src/core/scope.ts";
import { IoredisClient } from "../../src/drivers/ioredis_client.ts";
import { Mysql2Driver } from "../../src/drivers/mysql2_driver.ts";
import { DistributedLockManager } from "../../src/locks/distributed_lock_manager.ts";
import { unknownShard } from "../../src/routing/topology_view.ts";
import { sweepFences } from "../../src/service/fence_sweep.ts";
import { shardSpecs } from "../../src/service/settings.ts";
import { testRealm } from "../support/realm.ts";

interface Setting {
  readonly primaries: readonly MariadbServer[];
  readonly locks: DistributedLockManager;
  readonly stopRedis: () => Promise<void>;
  /** Sweeps once; returns the lines that were logged. */
  readonly sweep: () => Promise<string[]>;
}

async function withFences(test: (setting: Setting) => Promise<void>): Promise<void> {
  await using realm = await testRealm();
  const { config, stack } = realm.realm;
  const primaries = stack.shards.map(({ primary }) => primary);
  await using cleanUp = new AsyncDisposableStack();
  const world = { clock: systemClock, random: systemRandom, driver: new Mysql2Driver() };
  const redis = new IoredisClient({
    ...world,
    log: silentLog,
    server: { kind: "url", url: stack.redis.url },
  });
  cleanUp.defer(() => redis.close());
  const watch = new ScopeWatch(world);
  cleanUp.defer(() => watch.close());
  await redis.start();
  const locks = new DistributedLockManager({ ...world, redis, fleet: "test", watch });
  await locks.initialize();
  cleanUp.defer(() => locks.shutdown());
  const topology = {
    at: 0,
    shards: shardSpecs(config).map((spec) => ({
      ...unknownShard(spec),
      primary: spec.nodes[0]?.name ?? null,
    })),
  };
  await test({
    primaries,
    locks,
    stopRedis: () => stack.redis.stop(),
    sweep: async () => {
      const lines: string[] = [];
      const line: Log["info"] = (message, { shard, deleted, error } = {}) =>
        lines.push([shard, message, deleted ?? error].filter(Boolean).join(" "));
      const log: Log = { ...silentLog, info: line, warn: line };
      await sweepFences({ config, ca: undefined, world: { ...world, log }, locks, topology });
      return lines;
    },
  });
}

/** Adds fences that were used last so many days ago. */
async function addFences(
  server: MariadbServer,
  options: { readonly count: number; readonly daysAgo: number },
): Promise<void> {
  const { count, daysAgo } = options;
  await server.sql(
    `INSERT INTO realmgate_fences
       SELECT CONCAT('${daysAgo}:', seq), seq, UTC_TIMESTAMP() - INTERVAL ${daysAgo * 86_400} SECOND
       FROM seq_1_to_${count}`,
  );
}

async function fencesOf(server: MariadbServer): Promise<Record<string, number>> {
  const rows = await server.sql(
    `SELECT SUBSTRING_INDEX(name, ':', 1) AS days, COUNT(*) AS n
       FROM realmgate_fences GROUP BY days`,
  );
  return Object.fromEntries(rows.map(({ days, n }) => [String(days), Number(n)]));
}

Deno.test("sweepFences deletes what was not used for 7 days, on each shard, in bounded steps", () =>
  withFences(async ({ primaries: [one, two], sweep }) => {
    assert(one !== undefined && two !== undefined);
    await addFences(one, { count: 12_345, daysAgo: 8 });
    await addFences(one, { count: 3, daysAgo: 6.9 });
    await addFences(two, { count: 1_000, daysAgo: 7.1 });
    await addFences(two, { count: 2, daysAgo: 0 });
    assertEquals(await sweep(), ["s1 fences swept 10000", "s2 fences swept 1000"]);
    assertEquals([await fencesOf(one), await fencesOf(two)], [{ "8": 2_345, "6.9": 3 }, {
      "0": 2,
    }]);
    assertEquals(await sweep(), ["s1 fences swept 2345"]);
    assertEquals(await sweep(), []);
    assertEquals(await fencesOf(one), { "6.9": 3 });
  }));

Deno.test("sweepFences leaves a shard out when it is down or lacks the table", () =>
  withFences(async ({ primaries: [one, two], sweep }) => {
    assert(one !== undefined && two !== undefined);
    await addFences(two, { count: 5, daysAgo: 8 });
    await one.sql("DROP TABLE realmgate_fences");
    const [missing = "", swept] = await sweep();
    assert(/^s1 fences not swept SqlError: .*doesn't exist/.test(missing), missing);
    assertEquals(swept, "s2 fences swept 5");
    await one.stop();
    const [down = ""] = await sweep();
    assert(/^s1 fences not swept SqlError: /.test(down), down);
  }));

Deno.test("sweepFences does nothing when another process sweeps, or Redis is away", () =>
  withFences(async ({ primaries: [one], locks, stopRedis, sweep }) => {
    assert(one !== undefined);
    await addFences(one, { count: 5, daysAgo: 8 });
    await locks.withLock("realmgate:fence-sweep", { ttlMs: 10_000 }, async () => {
      assertEquals(await sweep(), []);
    });
    assertEquals(await fencesOf(one), { "8": 5 });
    await stopRedis();
    const [line = ""] = await sweep();
    assert(line.startsWith("fences not swept RealmgateError"), line);
    assertEquals(await fencesOf(one), { "8": 5 });
  }));
