import { join } from "node:path";
import type { Config } from "../../src/config/schema.ts";
import { systemClock } from "../../src/core/clock.ts";
import { ScopeWatch } from "../../src/core/scope.ts";
import { Mysql2Driver } from "../../src/drivers/mysql2_driver.ts";
import { retiredName } from "../../src/partitions/sql_text.ts";
import { ShardManager } from "../../src/routing/shard_manager.ts";
import { installEverywhere } from "../../src/service/schema_install_task.ts";
import { migrate, type SqlRunner } from "./migrations.ts";
import { caughtUp } from "./replication.ts";
import { loadSeed } from "./seed_loader.ts";
import type { Stack } from "./stack.ts";

/**
 * Brings a realm's data up to date on the servers of a stack: Realmgate's own tables, the realm's
 * migrations, and its first rows where they were never loaded. Returns once the replicas have it.
 */
export async function prepareData(
  stack: Stack,
  options: {
    /** The realm's. */
    readonly folder: string;
    readonly config: Config;
    readonly step: (name: string, ms: number) => void;
  },
): Promise<void> {
  const { folder, config, step } = options;
  const runners: Record<string, SqlRunner> = Object.fromEntries(
    stack.shards.map(({ name, primary }) => [name, (text: string) => primary.sql(text)]),
  );
  let began = performance.now();
  const done = (name: string) => {
    const now = performance.now();
    step(name, now - began);
    began = now;
  };
  await installOwnTables(stack, config);
  done("install Realmgate's own tables");
  const applied = await Promise.all(
    Object.entries(runners).map(([shard, sql]) =>
      migrate({ folder: join(folder, "migrations"), shard, sql })
    ),
  );
  await Promise.all(Object.values(runners).map((sql) => grantUpkeep(sql, { stack, config })));
  done(`apply ${applied.flat().length} migrations`);
  const manager = new ShardManager({
    shards: config.shards.map(({ name }) => name),
    sharding: config.sharding,
  });
  const rows = await loadSeed({ realm: folder, manager, runners });
  await Promise.all(
    stack.shards.flatMap(({ primary, replicas }) =>
      replicas.map((replica) => caughtUp(replica, primary))
    ),
  );
  done(`load ${rows} rows`);
}

/** The service may change the tables whose partitions it looks after, as far as they are there. */
async function grantUpkeep(
  sql: SqlRunner,
  { stack, config }: { readonly stack: Stack; readonly config: Config },
): Promise<void> {
  const { database, service: { user } } = stack;
  for (const [table, { by }] of Object.entries(config.partitions)) {
    if (by !== "range") continue;
    const found = await sql(
      `SELECT 1 FROM information_schema.tables
         WHERE table_schema = DATABASE() AND table_name = '${table}'`,
    );
    if (found.length === 0) continue;
    await sql(
      `GRANT ALTER, DROP ON \`${database}\`.\`${table}\` TO ${user}@'%';
       GRANT CREATE, INSERT, DROP ON \`${database}\`.\`${retiredName(table)}\` TO ${user}@'%';
       GRANT LOCK TABLES ON \`${database}\`.* TO ${user}@'%'`,
    );
  }
}

async function installOwnTables(stack: Stack, config: Config): Promise<void> {
  const watch = new ScopeWatch({ clock: systemClock, tickMs: 100 });
  const [first] = stack.shards;
  try {
    await installEverywhere({
      config,
      ca: undefined,
      administrator: { user: first?.primary.user ?? "", password: first?.primary.password ?? "" },
      driver: new Mysql2Driver(),
      watch,
      say: () => {},
    });
  } finally {
    watch.close();
  }
}
