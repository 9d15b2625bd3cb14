import { assert, assertEquals, assertRejects } from "@std/assert";
import { systemClock } from "../../src/core/clock.ts";
import { type Log, silentLog } from "../../src/core/log.ts";
import { systemRandom } from "../../src/core/random.ts";
import { IoredisClient } from "../../src/drivers/ioredis_client.ts";
import { Mysql2Driver } from "../../src/drivers/mysql2_driver.ts";
import { QueryOptimizer } from "../../src/query/query_optimizer.ts";
import { unknownShard } from "../../src/routing/topology_view.ts";
import { explainTask } from "../../src/service/explain_task.ts";
import { PlanBoard } from "../../src/service/plan_board.ts";
import { laterFacts } from "../../src/service/plan_watch.ts";
import { RegistryKeeper } from "../../src/service/registry_keeper.ts";
import { registryRules, shardSpecs } from "../../src/service/settings.ts";
import { eventually } from "../support/eventually.ts";
import { realmWith, type TestRealm, testRealm } from "../support/realm.ts";

const STATEMENTS = `-- name: bulk.list :many
-- The latest of a player.
-- @shard :playerId
-- @param playerId bigint example=42
SELECT id, kind FROM bulk_log WHERE player_id = :playerId ORDER BY at DESC LIMIT 20;
`;

const TABLE = `
CREATE TABLE bulk_log (id BIGINT AUTO_INCREMENT PRIMARY KEY, player_id BIGINT NOT NULL,
  kind VARCHAR(20) NOT NULL, at DATETIME NOT NULL, KEY by_player (player_id, at));
INSERT INTO bulk_log (player_id, kind, at)
  SELECT seq % 2000, 'login', '2026-01-01' + INTERVAL seq SECOND FROM seq_1_to_50000;
ANALYZE TABLE bulk_log`;

const ADVICE = "an index on (player_id, at) would be used";
const WARNING = `full scan of bulk_log: ${ADVICE}`;
const SORT = `sorts bulk_log without an index (filesort): ${ADVICE}`;

/** The registry of one process, with what it says in its log. */
interface Process {
  readonly keeper: RegistryKeeper;
  readonly optimizer: QueryOptimizer;
  /** Lines of the log that are about plans, since they were asked for last. */
  readonly said: () => string[];
  readonly facts: () => NonNullable<ReturnType<QueryOptimizer["list"]>[number]["facts"]>;
}

async function startProcess(realm: TestRealm, cleanUp: AsyncDisposableStack): Promise<Process> {
  const { config, stack } = realm.realm;
  const lines: string[] = [];
  const line: Log["info"] = (message, { shard } = {}) => {
    if (message.includes("plan")) lines.push(`${message}, ${shard}`);
  };
  const log: Log = { ...silentLog, info: line, warn: line };
  const world = { clock: systemClock, random: systemRandom, log, driver: new Mysql2Driver() };
  const redis = new IoredisClient({ ...world, server: { kind: "url", url: stack.redis.url } });
  cleanUp.defer(() => redis.close());
  await redis.start();
  const optimizer = new QueryOptimizer(registryRules(config));
  optimizer.load([{ file: "bulk.sql", text: STATEMENTS }]);
  const shards = shardSpecs(config).map((spec) => ({
    ...unknownShard(spec),
    primary: spec.nodes[0]?.name ?? null,
  }));
  const keeper = new RegistryKeeper({
    config,
    ca: undefined,
    world,
    board: new PlanBoard({ fleet: config.fleet, redis, log }),
    optimizer: () => optimizer,
    topology: () => ({ at: 1, shards }),
    onStatements: () => {},
    onFacts: (facts) => optimizer.applyFacts(facts),
  });
  keeper.check();
  await eventually(() => optimizer.get("bulk.list")?.facts);
  return {
    keeper,
    optimizer,
    said: () => lines.splice(0),
    facts: () => {
      const facts = optimizer.get("bulk.list")?.facts;
      assert(facts !== undefined);
      return facts;
    },
  };
}

Deno.test("A plan that becomes worse is told by every process of the fleet until it is back", async (t) => {
  const folder = await realmWith(STATEMENTS);
  await using realm = await testRealm({ realm: folder });
  await using cleanUp = new AsyncDisposableStack();
  const primaries = realm.realm.stack.shards.map(({ primary }) => primary);
  const [, second] = primaries;
  assert(second !== undefined);
  for (const primary of primaries) await primary.sql(TABLE);
  const first = await startProcess(realm, cleanUp);
  const other = await startProcess(realm, cleanUp);
  const good = first.facts().plans?.[0]?.fingerprint;

  await t.step("at first nothing is wrong", async () => {
    await first.keeper.checkPlans();
    await other.keeper.hearPlans();
    for (const process of [first, other]) {
      const { warnings, plans = [], planChanges = [] } = process.facts();
      assertEquals([warnings, planChanges], [[], []]);
      assertEquals(plans.map(({ shard, summary, fingerprint }) => [shard, summary, fingerprint]), [
        ["s1", "by_player", good],
        ["s2", "by_player", good],
      ]);
      assertEquals(process.said(), []);
    }
  });

  await t.step("an index of one shard is dropped", async () => {
    await second.sql("DROP INDEX by_player ON bulk_log");
    await first.keeper.checkPlans();
    assertEquals(other.facts().warnings, []);
    await other.keeper.hearPlans();
    for (const process of [first, other]) {
      const { warnings, planChanges = [] } = process.facts();
      const [change] = planChanges;
      assert(change !== undefined && planChanges.length === 1);
      assertEquals([change.shard, change.from.summary, change.to.summary], [
        "s2",
        "by_player",
        "full scan",
      ]);
      assertEquals([change.from.fingerprint, change.to.rows > 40_000], [good, true]);
      assertEquals(warnings.toSorted().slice(0, 2), [WARNING, SORT]);
      const worse = warnings.find((warning) => warning.startsWith("the plan became worse on s2"));
      assert(worse?.includes("by_player -> full scan (no longer uses the index by_player"), worse);
      assertEquals(process.optimizer.get("bulk.list")?.unavailable, undefined);
    }
    assertEquals(first.said(), ["statement plan became worse, s2"]);
    assertEquals(other.said(), []);
  });

  await t.step("it is said once", async () => {
    await first.keeper.checkPlans();
    assertEquals(first.facts().planChanges?.length, 1);
    assertEquals(first.said(), []);
  });

  await t.step(
    "a process that starts now knows of it, and so does another that goes on",
    async () => {
      const late = await startProcess(realm, cleanUp);
      assertEquals(late.facts().planChanges?.map(({ shard }) => shard), ["s2"]);
      await other.keeper.checkPlans();
      assertEquals(other.facts().planChanges?.map(({ shard }) => shard), ["s2"]);
      assertEquals(other.said(), []);
    },
  );

  await t.step("deno task explain shows it", async () => {
    const { environment } = realm.realm;
    const lines: string[] = [];
    const explain = (...args: string[]) =>
      explainTask({ args, environment, say: (line) => lines.push(line) });
    assertEquals(await explain("--strict", "bulk.list"), 1);
    const [title, ...rest] = lines;
    assertEquals(title, "bulk.list  shard :playerId  test.sql:1");
    assert(rest.includes(`  s1  by_player  ${good}`), lines.join("\n"));
    assert(rest.some((line) => /^ {4}read bulk_log {2}ref by_player \(player_id\)/.test(line)));
    assert(rest.some((line) => /^ {2}s2 {2}full scan {2}[0-9a-f]{8}$/.test(line)));
    assert(rest.includes(`  ! ${WARNING}`), lines.join("\n"));
    lines.length = 0;
    await assertRejects(() => explain("player.get", "bulk.list"), Error, "one name at most");
    assertEquals(await explain("--strict", "player.get"), 0);
    assert(lines.some((line) => line.startsWith("  s1, s2  PRIMARY  ")), lines.join("\n"));
  });

  await t.step("the index is back", async () => {
    await second.sql("CREATE INDEX by_player ON bulk_log (player_id, at)");
    await second.sql("ANALYZE TABLE bulk_log");
    await first.keeper.checkWorse();
    await other.keeper.hearPlans();
    for (const process of [first, other]) {
      assertEquals([process.facts().warnings, process.facts().planChanges ?? []], [[], []]);
    }
    assertEquals(first.said(), ["statement plan is no longer worse, s2"]);
    assertEquals(other.said(), []);
  });

  await t.step("a refusal that may pass takes no statement out of service", async () => {
    await second.sql("RENAME TABLE bulk_log TO bulk_gone");
    await first.keeper.checkPlans();
    assertEquals(first.optimizer.get("bulk.list")?.unavailable, undefined);
    await second.sql("RENAME TABLE bulk_gone TO bulk_log");
  });
});

Deno.test("laterFacts brings plans and warnings to a statement that is served, and no refusal", () => {
  const own = { columns: [], warnings: [], tookMs: 1 };
  const warned = { ...own, warnings: ["full scan of t"], plans: [], tookMs: 2 };
  const refused = { ...own, unavailable: "the table t does not exist", tookMs: 3 };
  assertEquals(laterFacts(own, warned), { ...warned, planChanges: [], tookMs: 1 });
  assertEquals(laterFacts(own, refused), own);
  assertEquals(laterFacts(refused, warned), warned);
  assertEquals(laterFacts(undefined, refused), refused);
});
