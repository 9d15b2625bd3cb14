import { startStack } from "../../deploy/local/stack.ts";
import type { MariadbServer } from "../../deploy/local/mariadb_server.ts";
import { type Clock, systemClock } from "../../src/core/clock.ts";
import { type Log, silentLog } from "../../src/core/log.ts";
import { systemRandom } from "../../src/core/random.ts";
import { type Scope, ScopeWatch } from "../../src/core/scope.ts";
import { type MysqlSession, SqlError } from "../../src/drivers/mysql.ts";
import { IoredisClient } from "../../src/drivers/ioredis_client.ts";
import { Mysql2Driver } from "../../src/drivers/mysql2_driver.ts";
import { DistributedLockManager } from "../../src/locks/distributed_lock_manager.ts";
import { PartitionManager } from "../../src/partitions/partition_manager.ts";
import type { PartitionRule } from "../../src/partitions/partition_rule.ts";
import type { TableReport } from "../../src/partitions/table_report.ts";

/** Servers whose clock a test moves, and managers of their tables. */
export interface UpkeepFleet extends AsyncDisposable {
  readonly shards: ReadonlyMap<string, MariadbServer>;
  /** Now, for the managers and for the databases; a test moves it. */
  now: number;
  /** By how much the databases' clock is ahead of the managers'. */
  databaseAheadMs: number;
  /** Shards that cannot be reached. */
  readonly away: Set<string>;
  /** What is done with a manager's session before it is used. */
  prepare: (session: MysqlSession, shard: string) => Promise<void>;
  readonly locks: DistributedLockManager;
  manager(rules: Readonly<Record<string, PartitionRule>>, log?: Log): PartitionManager;
  /** One upkeep of a table, or what it would do. */
  upkeep(
    manager: PartitionManager,
    table: string,
    options?: { readonly dryRun?: boolean; readonly timeoutMs?: number },
  ): Promise<TableReport>;
  /** Runs SQL as the administrator on every shard. */
  everywhere(sql: string, options?: { readonly timeoutMs?: number }): Promise<void>;
  /** A session of the service's account on a shard, by the test's clock; the test ends it. */
  session(shard: string): Promise<MysqlSession>;
  /** The names of a table's partitions on a shard, in their order. */
  names(table: string, shard?: string): Promise<string[]>;
}

/** Starts shards without replicas, two of them unless said, and Redis; use it with `await using`. */
export async function upkeepFleet(
  { shards: count = 2 }: { readonly shards?: number } = {},
): Promise<UpkeepFleet> {
  await using cleanUp = new AsyncDisposableStack();
  const home = await Deno.makeTempDir({ prefix: "realmgate-test-" });
  cleanUp.defer(() => Deno.remove(home, { recursive: true }));
  const stack = await startStack({ home, shards: count, replicas: 0 });
  cleanUp.defer(() => stack.stop());
  const watch = new ScopeWatch({ clock: systemClock });
  cleanUp.defer(() => watch.close());
  const world = { clock: systemClock, random: systemRandom, log: silentLog };
  const redis = new IoredisClient({ ...world, server: { kind: "url", url: stack.redis.url } });
  await redis.start();
  cleanUp.defer(() => redis.close());
  const locks = new DistributedLockManager({ ...world, redis, fleet: "test", watch });
  await locks.initialize();
  cleanUp.defer(() => locks.shutdown());
  const shards = new Map(stack.shards.map(({ name, primary }) => [name, primary]));
  const driver = new Mysql2Driver();

  async function open(shard: string, scope: Scope) {
    const server = shards.get(shard);
    if (server === undefined || fleet.away.has(shard)) {
      throw new SqlError("connect_failed", "the test keeps it away");
    }
    const session = await driver.connect({
      host: "127.0.0.1",
      port: server.port,
      ...stack.service,
      database: stack.database,
    }, scope);
    await session.query(`SET timestamp = ${(fleet.now + fleet.databaseAheadMs) / 1_000}`);
    await fleet.prepare(session, shard);
    return { node: server.name, session };
  }
  const clock: Clock = { ...systemClock, wallMs: () => fleet.now };
  const owned = cleanUp.move();
  const fleet: UpkeepFleet = {
    shards,
    now: Date.now(),
    databaseAheadMs: 0,
    away: new Set(),
    prepare: () => Promise.resolve(),
    locks,
    manager: (rules, log = silentLog) =>
      new PartitionManager({
        rules: new Map(Object.entries(rules)),
        shards: [...shards.keys()],
        connect: open,
        locks,
        watch,
        clock,
        log,
      }),
    async upkeep(manager, table, { dryRun = false, timeoutMs = 60_000 } = {}) {
      const scope = watch.open({ timeoutMs });
      try {
        return await (dryRun ? manager.plan(table, scope) : manager.maintain(table, scope));
      } finally {
        scope.close();
      }
    },
    async everywhere(sql, options) {
      await Promise.all([...shards.values()].map((server) => server.sql(sql, options)));
    },
    async session(shard) {
      const scope = watch.open({ timeoutMs: 10_000 });
      try {
        return (await open(shard, scope)).session;
      } finally {
        scope.close();
      }
    },
    async names(table, shard = "s1") {
      const rows = await shards.get(shard)?.sql(
        `SELECT partition_name AS name FROM information_schema.partitions
           WHERE table_schema = DATABASE() AND table_name = '${table}'
           ORDER BY partition_ordinal_position`,
      );
      return (rows ?? []).map(({ name }) => String(name));
    },
    [Symbol.asyncDispose]: () => owned.disposeAsync(),
  };
  return fleet;
}

/** What the service's account needs for the upkeep of a table. */
export function grants(table: string): string {
  return `GRANT ALTER, DROP ON ${table} TO realmgate@'%';
    GRANT CREATE, INSERT, DROP ON realmgate_retired_${table} TO realmgate@'%';
    GRANT LOCK TABLES ON game.* TO realmgate@'%'`;
}
