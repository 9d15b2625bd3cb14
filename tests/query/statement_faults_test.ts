import { assertEquals } from "@std/assert";
import { parseStatements } from "../../src/query/parse_statements.ts";
import { type FaultCase, faultsOf, read, write } from "./faults.ts";
import { rules } from "./rules.ts";

const CASES: readonly FaultCase[] = [
  ["a name is taken", `${read("")}\n${read("")}`, ["a.sql:5 t.get is defined at a.sql:1 already"]],
  ["two statements stand in one", read("", "SELECT :id; DELETE FROM t"), [
    "a.sql:4 holds more than one statement: begin each with -- name:",
  ]],
  ["it changes the schema", "-- name: t.drop :exec\n-- @shard s1\nDROP TABLE t", [
    "a.sql:3 DROP changes the schema: that belongs in a migration",
  ]],
  ["it is no statement that is served", "-- name: t.call :exec\n-- @shard s1\nCALL p()", [
    "a.sql:3 must be a SELECT, INSERT, UPDATE, DELETE or REPLACE, received CALL",
  ]],
  ["it has no SQL", "-- name: t.none :one\n-- @shard s1\n", ["a.sql:1 has no SQL"]],
  [":one writes", read("", "DELETE FROM t WHERE id = :id"), [
    "a.sql:1 t.get writes: it must be :exec",
  ]],
  [":exec only reads", read("", "SELECT :id", "exec"), [
    "a.sql:1 t.get only reads: it must be :one or :many",
  ]],
  ["WITH hides a write", read("", "WITH x AS (SELECT :id) DELETE FROM t"), [
    "a.sql:1 t.get writes: it must be :exec",
  ]],
  ["SELECT INTO", read("", "SELECT :id INTO OUTFILE 'x'"), ["a.sql:4 SELECT … INTO is not served"]],
  ["a user variable is set", read("", "SELECT @a := :id"), [
    "a.sql:4 user variables outlive the call on their connection: use parameters",
  ]],
  ["the session is locked", read("", "SELECT GET_LOCK('a', :id)"), [
    "a.sql:4 GET_LOCK outlives the call on its connection: use /v1/locks",
  ]],
  ["a string is not closed", read("", "SELECT 'a, :id"), [
    "a.sql:4 the text that begins with ' is not closed",
  ]],
  [
    "the shard's parameter is not declared",
    "-- name: t.get :one\n-- @shard :idd\n-- @param id int\nSELECT :id",
    [
      "a.sql:2 :idd not declared (did you mean :id?)",
    ],
  ],
  ["there is no @shard", "-- name: t.get :one\nSELECT 1", [
    "a.sql:1 t.get has no @shard, and there are 2 shards",
  ]],
  ["the shard's name is unknown", "-- name: t.get :one\n-- @shard s3\nSELECT 1", [
    "a.sql:2 unknown shard s3 (did you mean s1?)",
  ]],
  [
    "the shard's key is no key",
    "-- name: t.get :one\n-- @shard :d\n-- @param d double\nSELECT :d",
    [
      "a.sql:2 :d chooses the shard and must be whole or a string",
    ],
  ],
  [
    "the shard's key is a list",
    "-- name: t.get :many\n-- @shard :ids\n-- @param ids int[]\nSELECT 1 IN (:ids)",
    [
      "a.sql:2 :ids is a list: write @shard each(:ids)",
    ],
  ],
  [
    "each() has no list",
    "-- name: t.get :many\n-- @shard each(:id)\n-- @param id int\nSELECT 1 FROM t WHERE id IN (:id)",
    [
      "a.sql:2 @shard each(:id) needs a list, such as bigint[]",
    ],
  ],
  [
    "fold=ci is for a number",
    "-- name: t.get :one\n-- @shard :id fold=ci\n-- @param id int\nSELECT :id",
    [
      "a.sql:2 fold=ci is for strings, and :id is none",
    ],
  ],
  ["@shard is none of its forms", "-- name: t.get :one\n-- @shard id = 3\nSELECT 1", [
    'a.sql:2 @shard knows only fold=ci, received "= 3"',
  ]],
  ["a write goes to any shard", "-- name: t.put :exec\n-- @shard any\nDELETE FROM t", [
    "a.sql:2 @shard any is for reads, not for :exec",
  ]],
  ["a write goes to all shards", "-- name: t.put :exec\n-- @shard all\nDELETE FROM t", [
    "a.sql:2 @shard all is for reads, not for :exec",
  ]],
  ["a scatter does not say how it merges", "-- name: t.all :many\n-- @shard all\nSELECT 1", [
    "a.sql:2 @shard all needs @merge, which says how the rows become one list",
  ]],
  ["@merge stands without a scatter", read("-- @merge sum=n\n"), [
    "a.sql:4 @merge of aggregates belongs to @shard all",
  ]],
  ["@partial stands without a scatter", read("-- @partial omit\n"), [
    "a.sql:4 @partial belongs to @shard all and @shard each(…)",
  ]],
  ["@partial is not omit", read("-- @partial yes\n"), [
    'a.sql:4 @partial must be omit, received "yes"',
  ]],
  ["@merge has no limit", read("-- @merge order=xp\n"), [
    "a.sql:4 @merge must be order=<column> [desc], … limit=:param [after=:param] or sum=<column>, … " +
    'min=<column> max=<column>, received "order=xp"',
  ]],
  ["@batch meets LIMIT", read("-- @batch id = :id\n", "SELECT id FROM t WHERE id = :id LIMIT 1"), [
    "a.sql:4 @batch cannot merge calls of a statement with LIMIT",
  ]],
  [
    "@batch meets an aggregate",
    read("-- @batch id = :id\n", "SELECT MAX(a) FROM t WHERE id = :id"),
    [
      "a.sql:4 @batch cannot merge calls of a statement with the aggregate MAX",
    ],
  ],
  [
    "@batch meets DISTINCT",
    read("-- @batch id = :id\n", "SELECT DISTINCT a FROM t WHERE id = :id"),
    [
      "a.sql:4 @batch cannot merge calls of a statement with DISTINCT",
    ],
  ],
  [
    "@batch meets FOR UPDATE",
    read("-- @batch id = :id\n", "SELECT a FROM t WHERE id = :id FOR UPDATE"),
    [
      "a.sql:4 @batch cannot merge calls of a statement with a locking read",
    ],
  ],
  [
    "@batch meets LOCK IN SHARE MODE",
    read("-- @batch id = :id\n", "SELECT a FROM t WHERE id = :id LOCK IN SHARE MODE"),
    [
      "a.sql:4 @batch cannot merge calls of a statement with a locking read",
    ],
  ],
  ["@batch names another column", read("-- @batch pid = :id\n"), [
    "a.sql:4 @batch needs pid = :id in the SQL, once",
  ]],
  ["@batch is on a write", write("-- @batch id = :id\n"), ["a.sql:4 @batch belongs to reads"]],
  ["@timeout is no duration", read("-- @timeout soon\n"), [
    'a.sql:4 @timeout must be a duration such as 250ms, received "soon"',
  ]],
  ["@timeout is too long", read("-- @timeout 31s\n"), [
    "a.sql:4 @timeout must be at most 30000ms, the longest deadline",
  ]],
  ["@maxrows is zero", read("-- @maxrows 0\n"), [
    'a.sql:4 @maxrows must be a number from 1 to 100000, received "0"',
  ]],
  ["@scope is no scope", read("-- @scope Economy Write\n"), [
    'a.sql:4 @scope must look like economy:write, received "Economy Write"',
  ]],
  ["@allow allows something else", read("-- @allow all\n"), [
    'a.sql:4 @allow must be full-scan, received "all"',
  ]],
  ["@column has an unknown type", read("-- @column id guid\n"), [
    'a.sql:4 @column id must be one of uuid, int, bool, json, received "guid"',
  ]],
  ["LIMIT takes a string", read("-- @param n string\n", "SELECT :id LIMIT :n"), [
    "a.sql:4 :n stands in LIMIT and must be bigint, ubigint or int",
  ]],
  ["LIMIT may be negative", read("-- @param n int min=-1\n", "SELECT :id LIMIT :n"), [
    "a.sql:4 :n stands in LIMIT and cannot be negative",
  ]],
  ["a list stands alone", read("-- @param n int[]\n", "SELECT :id = :n"), [
    "a.sql:5 :n is a list and must stand in parentheses, such as IN (:ids)",
  ]],
  ["a name is bad", "-- name: 7up :one\nSELECT 1", [
    'a.sql:1 a statement\'s name must look like player.get, received "7up"',
  ]],
  ["a kind is bad", "-- name: t.get :on\nSELECT 1", [
    'a.sql:1 t.get must be followed by :one, :many or :exec and nothing else, received ":on" (did you mean :one?)',
  ]],
  [
    "SQL stands before the first name",
    "-- a header\nSELECT 1;\n-- name: t.get :one\n-- @shard s1\nSELECT 1",
    [
      'a.sql:2 SQL stands before the first "-- name: some.name :one" line',
    ],
  ],
];

for (const [when, text, expected] of CASES) {
  Deno.test(`parseStatements reports ${expected.length} faults when ${when}`, () => {
    assertEquals(faultsOf(text), [...expected]);
  });
}

Deno.test("parseStatements reports every fault of every file at once when several are wrong", () => {
  const { faults } = parseStatements([
    { file: "b.sql", text: read("-- @shrad x\n-- @maxrows x\n") },
    { file: "a.sql", text: read("-- @timeout x\n") },
  ], rules);
  assertEquals(faults.map(({ file, line }) => `${file}:${line}`), [
    "a.sql:1",
    "a.sql:4",
    "b.sql:4",
    "b.sql:5",
  ]);
});

Deno.test("parseStatements needs no @shard when there is one shard", () => {
  assertEquals(faultsOf("-- name: t.get :one\nSELECT 1", { shards: ["s1"] }), []);
});

Deno.test("parseStatements reads Windows line ends and a byte order mark when a file has them", () => {
  assertEquals(faultsOf(`\uFEFF${read("-- @retry\n").replaceAll("\n", "\r\n")}`), []);
});
