import { assertEquals } from "@std/assert";
import { systemClock } from "../../src/core/clock.ts";
import { silentLog } from "../../src/core/log.ts";
import { systemRandom } from "../../src/core/random.ts";
import { IoredisClient } from "../../src/drivers/ioredis_client.ts";
import { Mysql2Driver } from "../../src/drivers/mysql2_driver.ts";
import { QueryOptimizer } from "../../src/query/query_optimizer.ts";
import { unknownShard } from "../../src/routing/topology_view.ts";
import { PlanBoard } from "../../src/service/plan_board.ts";
import { RegistryKeeper } from "../../src/service/registry_keeper.ts";
import { registryRules, shardSpecs } from "../../src/service/settings.ts";
import { eventually } from "../support/eventually.ts";
import { testRealm } from "../support/realm.ts";

const statement = (sql: string) => [{
  file: "player.sql",
  text: `-- name: player.one :one\n-- @shard s1\n${sql};\n`,
}];

Deno.test("RegistryKeeper tells nothing of statements that were replaced while it asked", async () => {
  await using realm = await testRealm();
  const { config } = realm.realm;
  const optimizer = new QueryOptimizer(registryRules(config));
  optimizer.load(statement("SELECT no_such_column FROM players WHERE id = 1"));
  const shards = shardSpecs(config).map((spec) => ({
    ...unknownShard(spec),
    primary: spec.nodes[0]?.name ?? null,
  }));
  let reloaded = false;
  const told: (string | undefined)[] = [];
  const log = silentLog;
  const world = { clock: systemClock, random: systemRandom, log, driver: new Mysql2Driver() };
  const { url } = realm.realm.stack.redis;
  const redis = new IoredisClient({ ...world, server: { kind: "url", url } });
  await using cleanUp = new AsyncDisposableStack();
  cleanUp.defer(() => redis.close());
  const keeper = new RegistryKeeper({
    config,
    ca: undefined,
    world,
    board: new PlanBoard({ fleet: config.fleet, redis, log }),
    optimizer: () => optimizer,
    topology: () => {
      // A reload while the first check asks: what that finds out is of other statements.
      if (!reloaded) {
        reloaded = true;
        optimizer.load(statement("SELECT id FROM players WHERE id = 1"));
        void keeper.check();
      }
      return { at: 1, shards };
    },
    onStatements: () => {},
    onFacts: (facts) => {
      told.push(facts["player.one"]?.unavailable);
      optimizer.applyFacts(facts);
    },
  });
  await redis.start();
  void keeper.check();
  await eventually(() => optimizer.get("player.one")?.facts);
  assertEquals([reloaded, told], [true, [undefined]]);
});
