import { assertEquals, assertThrows } from "@std/assert";
import { QueryOptimizer, StatementFaultsError } from "../../src/query/query_optimizer.ts";
import type { Statement, StatementFacts } from "../../src/query/statement.ts";
import { compile, rules } from "./rules.ts";

const GOOD = "-- name: t.get :one\n-- @shard s1\nSELECT 1 AS one";
const FACTS: StatementFacts = { columns: [], warnings: [], tookMs: 1 };

function loaded(text = GOOD, strict = false): QueryOptimizer {
  const optimizer = new QueryOptimizer({ ...rules, strict });
  optimizer.load([{ file: "a.sql", text }]);
  return optimizer;
}

Deno.test("QueryOptimizer keeps what was there when a reload has faults", () => {
  const optimizer = loaded();
  const before = optimizer.get("t.get");
  const error = assertThrows(
    () => optimizer.load([{ file: "a.sql", text: "-- name: t.new :one\nSELECT 1; SELECT 2" }]),
    StatementFaultsError,
  );
  assertEquals(error.faults.length, 2);
  assertEquals(
    error.message,
    "Cannot load the statements:\n" +
      "  a.sql:1  t.new has no @shard, and there are 2 shards\n" +
      "  a.sql:2  holds more than one statement: begin each with -- name:",
  );
  assertEquals([optimizer.get("t.get") === before, optimizer.get("t.new")], [true, undefined]);
});

Deno.test("QueryOptimizer drops what is gone when a reload succeeds", () => {
  const optimizer = loaded();
  optimizer.load([{ file: "a.sql", text: GOOD.replace("t.get", "t.new") }]);
  assertEquals(optimizer.list().map(({ statement }) => statement.name), ["t.new"]);
});

Deno.test("QueryOptimizer keeps facts of the same SQL only when it reloads", () => {
  const optimizer = loaded(`${GOOD}\n${GOOD.replace("t.get", "t.two")}`);
  optimizer.applyFacts({ "t.get": FACTS, "t.two": FACTS });
  const changed = GOOD.replace("t.get", "t.two").replace("SELECT 1", "SELECT 2");
  optimizer.load([{ file: "a.sql", text: `${GOOD}\n${changed}` }]);
  assertEquals(optimizer.list().map(({ facts }) => facts?.tookMs), [1, undefined]);
});

Deno.test("QueryOptimizer keeps no facts when a reload has other annotations, but when it has other words", () => {
  const text =
    "-- name: t.get :one\n-- As it was.\n-- @shard s1\n-- @allow full-scan\nSELECT 1 AS one";
  const told = text.replace("As it was.", "In other\n-- words.");
  for (const [other, kept] of [[told, true], [text.replace("-- @allow full-scan\n", ""), false]]) {
    const optimizer = loaded(text, true);
    optimizer.applyFacts({ "t.get": FACTS });
    optimizer.load([{ file: "b.sql", text: `\n${other}` }]);
    assertEquals(optimizer.get("t.get")?.facts !== undefined, kept);
    optimizer.applyFacts({ "t.get": { ...FACTS, warnings: ["full scan of t"] } });
    assertEquals(optimizer.get("t.get")?.unavailable === undefined, kept);
  }
});

Deno.test("QueryOptimizer leaves statements usable when nothing is known of them", () => {
  const optimizer = loaded();
  optimizer.applyFacts({ "not.there": FACTS });
  assertEquals(optimizer.get("t.get")?.unavailable, undefined);
});

Deno.test("QueryOptimizer makes a statement unavailable when a server refuses it, until it does not", () => {
  const optimizer = loaded();
  optimizer.applyFacts({ "t.get": { ...FACTS, unavailable: "the table t does not exist" } });
  assertEquals(optimizer.get("t.get")?.unavailable, "the table t does not exist");
  optimizer.applyFacts({ "t.get": FACTS });
  assertEquals(optimizer.get("t.get")?.unavailable, undefined);
});

Deno.test("QueryOptimizer refuses what a server warns of only when it is strict", () => {
  for (const strict of [false, true]) {
    const optimizer = loaded(GOOD, strict);
    optimizer.applyFacts({ "t.get": { ...FACTS, warnings: ["full scan of t"] } });
    assertEquals(
      optimizer.get("t.get")?.unavailable,
      strict ? "strict mode refuses it: full scan of t" : undefined,
    );
  }
});

Deno.test("QueryOptimizer goes on serving when it is strict and a later check warns", () => {
  const optimizer = loaded(GOOD, true);
  optimizer.applyFacts({ "t.get": FACTS });
  optimizer.applyFacts({ "t.get": { ...FACTS, warnings: ["full scan of t"] } });
  assertEquals(optimizer.get("t.get")?.unavailable, undefined);
  assertEquals(optimizer.get("t.get")?.facts?.warnings, ["full scan of t"]);
});

Deno.test("QueryOptimizer knows nothing by the names of Object's own members", () => {
  const optimizer = loaded();
  for (const name of ["__proto__", "constructor", "toString", ""]) {
    assertEquals(optimizer.get(name), undefined);
  }
});

Deno.test("QueryOptimizer reads every annotation when a statement has them all", () => {
  const { statement } = compile(
    `-- name: player.find :many
-- Players of a name.
--
-- Second paragraph.
-- @shard :name fold=ci
-- @param name string maxlen=40 example="Ann B"
-- @param level decimal(10, 2) min=1 max=2.5 default=1
-- @column id uuid
-- @cache players ttl=30s swr=2m tags=name:{name}, players
-- @batch name = :name
-- @timeout 250ms
-- @maxrows 50
-- @retry
-- @scope economy:read
-- @allow full-scan
SELECT id FROM players WHERE name = :name -- here
  AND level > :level;
`,
  );
  const expected: Statement = {
    name: "player.find",
    kind: "many",
    description: "Players of a name.\n\nSecond paragraph.",
    file: "test.sql",
    line: 1,
    sql: "SELECT id FROM players WHERE name = :name  \n  AND level > :level",
    pieces: [
      { text: "SELECT id FROM players WHERE name = " },
      { param: "name", bare: false },
      { text: "  \n  AND level > " },
      { param: "level", bare: false },
    ],
    params: [
      { name: "name", type: { kind: "string" }, maxLength: 40, example: "Ann B", secret: false },
      {
        name: "level",
        type: { kind: "decimal", precision: 10, scale: 2 },
        min: "1",
        max: "2.5",
        default: { kind: "value", value: "1" },
        secret: false,
      },
    ],
    shard: { by: "key", param: "name", fold: true },
    columns: { id: "uuid" },
    cache: { name: "players", ttlMs: 30_000, swrMs: 120_000, tags: ["name:{name}", "players"] },
    invalidates: [],
    batch: {
      column: "name",
      param: "name",
      pieces: [
        { text: "SELECT id , name FROM players WHERE name  IN (" },
        { param: "name", bare: false },
        { text: ")  \n  AND level > " },
        { param: "level", bare: false },
      ],
    },
    partialOmit: false,
    consistency: "eventual",
    timeoutMs: 250,
    maxRows: 50,
    retry: true,
    scope: "economy:read",
    allowFullScan: true,
  };
  assertEquals(statement, expected);
});

Deno.test("QueryOptimizer parses a scatter with pages, whose cursor it declares itself", () => {
  const { statement } = compile(
    `-- name: top.list :many
-- @shard all
-- @param limit int max=100 default=10
-- @merge order=xp desc, id limit=:limit after=:after
-- @partial omit
SELECT id, xp FROM players WHERE :after ORDER BY xp DESC, id LIMIT :limit`,
  );
  assertEquals(statement.merge, {
    by: "order",
    columns: [{ name: "xp", descending: true }, { name: "id", descending: false }],
    limit: "limit",
    after: "after",
  });
  assertEquals([statement.partialOmit, statement.maxRows], [true, 10_000]);
  assertEquals(statement.params.map(({ name }) => name), ["limit", "after"]);
});
