import { assertEquals } from "@std/assert";
import { systemClock } from "../../src/core/clock.ts";
import { silentLog } from "../../src/core/log.ts";
import { systemRandom } from "../../src/core/random.ts";
import { Mysql2Driver } from "../../src/drivers/mysql2_driver.ts";
import { QueryOptimizer } from "../../src/query/query_optimizer.ts";
import { unknownShard } from "../../src/routing/topology_view.ts";
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
  const told: (string | undefined)[] = [];
  const keeper = new RegistryKeeper({
    config,
    ca: undefined,
    world: {
      clock: systemClock,
      random: systemRandom,
      log: silentLog,
      driver: new Mysql2Driver(),
    },
    optimizer: () => optimizer,
    topology: () => ({ at: 1, shards }),
    onStatements: () => {},
    onFacts: (facts) => {
      told.push(facts["player.one"]?.unavailable);
      optimizer.applyFacts(facts);
    },
  });
  keeper.check();
  // The check has begun: the next one, which a reload asks for, waits for it.
  await new Promise((resolve) => setTimeout(resolve, 0));
  optimizer.load(statement("SELECT id FROM players WHERE id = 1"));
  keeper.check();
  await eventually(() => optimizer.get("player.one")?.facts);
  assertEquals(told, [undefined]);
});
