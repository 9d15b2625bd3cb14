import { assert, assertEquals } from "@std/assert";
import { systemClock } from "../../src/core/clock.ts";
import type { CompiledStatement } from "../../src/query/compiled_statement.ts";
import type { Rows } from "../../src/drivers/mysql.ts";
import { type BatchedCall, ReadBatches } from "../../src/query/read_batches.ts";
import { PoolFixture, TestServer } from "../pool/fixture.ts";
import { countStatements, statementsOf } from "../support/statement_count.ts";
import { compile } from "./rules.ts";
import { ExecutionLog } from "../../src/query/execution_log.ts";
import { QueryMetrics } from "../../src/monitor/query_metrics.ts";

const SCHEMA = `
CREATE TABLE people (
  id BIGINT PRIMARY KEY, name VARCHAR(32) COLLATE utf8mb4_bin, team INT, KEY (team), KEY (name)
);
INSERT INTO people SELECT seq, CONCAT('p', seq), seq % 10 FROM seq_1_to_1000;
CREATE TABLE crowd (team INT, KEY (team));
INSERT INTO crowd SELECT IF(seq <= 40000, 0, IF(seq <= 100000, 1, 2)) FROM seq_1_to_160000;
CREATE TABLE folded (name VARCHAR(32) COLLATE utf8mb4_general_ci PRIMARY KEY, n INT);
INSERT INTO folded VALUES ('Ann', 1), ('Bea', 2);
`;

const FACTS = { columns: [], warnings: [], tookMs: 0 };
const BY_ID_TEXT = `-- name: person.get :one
-- @shard s1
-- @param id bigint
-- @batch id = :id
SELECT name, team FROM people WHERE id = :id`;
const BY_ID = compile(BY_ID_TEXT);
const OF_TEAM = compile(`-- name: team.list :many
-- @shard s1
-- @param team int
-- @param least bigint
-- @batch team = :team
SELECT id, name FROM people WHERE id >= :least AND team = :team ORDER BY id DESC`);
const CROWD = compile(`-- name: crowd.list :many
-- @shard s1
-- @param team int
-- @maxrows 100000
-- @batch team = :team
SELECT 1 AS one FROM crowd WHERE team = :team`);
const FOLDED = compile(`-- name: folded.get :one
-- @shard s1
-- @param name string
-- @batch name = :name
SELECT n FROM folded WHERE name = :name`);
const PADDED = compile(`-- name: padded.get :one
-- @shard s1
-- @param name string
-- @batch name = :name
SELECT team FROM people WHERE name = :name`);
const BROKEN = compile(`-- name: broken.get :one
-- @shard s1
-- @param id bigint
-- @batch id = :id
SELECT (SELECT id FROM people other WHERE other.team = people.team) AS x FROM people WHERE id = :id`);

for (const compiled of [BY_ID, OF_TEAM, CROWD, FOLDED, PADDED, BROKEN]) compiled.learn(FACTS);

const server = TestServer.forThisFile({ schema: SCHEMA });

/** Batches on one pool. */
class Setting implements AsyncDisposable {
  readonly pool: PoolFixture;
  readonly batches: ReadBatches;
  readonly metrics = new QueryMetrics({ clock: systemClock, slowMs: 1_000 });
  readonly warnings: string[] = [];

  constructor() {
    this.pool = new PoolFixture({ target: server.target, max: 4, waitersPerConnection: 100 });
    const quiet = () => {};
    this.batches = new ReadBatches({
      executions: new ExecutionLog({
        clock: systemClock,
        metrics: this.metrics,
        shards: [],
      }),
      poolOf: () => this.pool.pool,
      watch: this.pool.watch,
      clock: systemClock,
      log: { debug: quiet, info: quiet, error: quiet, warn: (text) => this.warnings.push(text) },
    });
  }

  /** The rows as JSON; `null` where the call would have to be read by itself. */
  async ask(compiled: CompiledStatement, params: Readonly<Record<string, unknown>>) {
    const bound = compiled.bindJson(params);
    const scope = this.pool.scope();
    const call = { compiled, bound, scope };
    const lane = this.batches.laneOf("n", call);
    if (lane === undefined) return null;
    const rows =
      await (lane.atRest ? lane.alone(() => this.#alone(call)) : this.batches.read(lane, call));
    return rows === undefined ? null : JSON.parse(compiled.encodeRows(rows, { int64: "string" }));
  }

  async #alone({ compiled, bound, scope }: BatchedCall): Promise<Rows | undefined> {
    const connection = await this.pool.pool.acquire({ scope, label: compiled.statement.name });
    try {
      const answer = await connection.execute(bound.sql, bound.values, { scope });
      return answer.kind === "rows" ? answer : undefined;
    } finally {
      this.pool.pool.release(connection);
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.pool[Symbol.asyncDispose]();
  }
}

Deno.test("ReadBatches answers each call as if it were alone", async (t) => {
  await using setting = new Setting();

  await t.step("rows and missing rows, with few statements", async () => {
    await countStatements(server.node);
    const { user } = server.target;
    await setting.ask(BY_ID, { id: "1" });
    const before = await statementsOf(server.node, user);
    const ids = Array.from({ length: 500 }, (_, at) => at * 7 % 1_200 + 1);
    const found = await Promise.all(ids.map((id) => setting.ask(BY_ID, { id: String(id) })));
    const expected = ids.map((id) => id > 1_000 ? null : { name: `p${id}`, team: id % 10 });
    assertEquals(found, expected);
    const statements = await statementsOf(server.node, user) - before;
    assert(statements < 100, `500 calls took ${statements} statements`);
  });

  await t.step("many rows in their order, by groups that differ in other parameters", async () => {
    const calls = Array.from({ length: 60 }, (_, at) => ({ team: at % 10, least: 900 + at % 3 }));
    const found = await Promise.all(
      calls.map(({ team, least }) => setting.ask(OF_TEAM, { team, least: String(least) })),
    );
    assertEquals(
      found,
      calls.map(({ team, least }) => {
        const ids = Array.from({ length: 101 }, (_, at) => 1_000 - at)
          .filter((id) => id % 10 === team && id >= least);
        return ids.map((id) => ({ id: String(id), name: `p${id}` }));
      }),
    );
  });

  await t.step("rows of other keys than were asked for make it read call by call", async () => {
    await Promise.all(["ann", "Bea", "ann", "bea"].map((name) => setting.ask(FOLDED, { name })));
    assertEquals(setting.warnings.length, 1);
    assertEquals(await setting.ask(FOLDED, { name: "ann" }), null);
  });

  await t.step(
    "a key that ends with a space is read by itself, for it equals another",
    async () => {
      const names = ["p1", "p2", "p2 ", "p3"];
      const found = await Promise.all(names.map((name) => setting.ask(PADDED, { name })));
      assertEquals(found, [{ team: 1 }, { team: 2 }, null, { team: 3 }]);
    },
  );

  await t.step(
    "nothing is merged of which the servers said nothing, or that they forbid",
    async () => {
      const fresh = compile(BY_ID_TEXT);
      assertEquals(await setting.ask(fresh, { id: "1" }), null);
      fresh.learn({ ...FACTS, unbatchable: "it folds" });
      assertEquals(await setting.ask(fresh, { id: "1" }), null);
    },
  );

  await t.step("a batch with more rows than a session gives is read in halves", async () => {
    const teams = ["0", "1", "2"].map((team) => setting.ask(CROWD, { team }));
    const found: (readonly unknown[] | null)[] = await Promise.all(teams);
    // 100,001 of the 120,000 rows of the last two would have come.
    assertEquals(found.map((rows) => rows?.length ?? null), [40_000, 60_000, 60_000]);
  });

  await t.step("an error of the batch lets each call find its own", async () => {
    const found = await Promise.allSettled(
      ["1", "2", "3"].map((id) => setting.ask(BROKEN, { id })),
    );
    // The first was alone; the others' batch failed, which is no verdict on either.
    assertEquals(found.map(({ status }) => status), ["rejected", "fulfilled", "fulfilled"]);
  });
});
