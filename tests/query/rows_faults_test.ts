import { assertEquals } from "@std/assert";
import { type FaultCase, faultsOf } from "./faults.ts";

const HEAD = "-- name: item.add :exec\n-- @shard :playerId\n-- @param playerId bigint\n";
const ROWS = "-- @param items rows(item string, amount int)\n";
const INSERT = "INSERT INTO inventory (player_id, item, amount)\n";
const TUPLE = "VALUES (:playerId, :items.item, :items.amount)";
const PLACE = "must stand in the parentheses right behind VALUES, which are written once per row";

const CASES: readonly FaultCase[] = [
  ["nothing is wrong with rows", `${HEAD}${ROWS}${INSERT}${TUPLE}`, []],
  [
    "rows have limits, expressions and an update of what is there",
    `${HEAD}-- @param items rows(item string maxlen=64 enum="a,b", amount int min=1 max=9) max=500\n` +
    `REPLACE INTO inventory VALUE (:playerId, UPPER(TRIM(:items.item)), :items.amount + 1)\n` +
    `ON DUPLICATE KEY UPDATE amount = amount + VALUES(amount)`,
    [],
  ],
  [
    "rows are all that the table gets",
    `-- name: item.add :exec\n-- @shard s1\n${ROWS}INSERT INTO inventory (item, amount) VALUES :items`,
    [],
  ],
  ["rows stand without a column", `${HEAD}${ROWS}${INSERT}VALUES (:playerId, :items)`, [
    "a.sql:6 :items is rows(…): write VALUES (:items.item, :items.amount)",
  ]],
  [
    "a column is unknown",
    `${HEAD}${ROWS}${INSERT}VALUES (:playerId, :items.item, :items.amuont)`,
    [
      "a.sql:4 :items.amount declared but not in the SQL (did you mean amuont?)",
      "a.sql:6 :items has no column amuont (did you mean amount?)",
    ],
  ],
  ["a column is not used", `${HEAD}${ROWS}${INSERT}VALUES (:playerId, :items.item, 1)`, [
    "a.sql:4 :items.amount declared but not in the SQL",
  ]],
  [
    "a column stands behind the parentheses",
    `${HEAD}${ROWS}${INSERT}VALUES (:playerId, :items.item, 1)\n` +
    "ON DUPLICATE KEY UPDATE amount = :items.amount",
    [`a.sql:7 :items.amount ${PLACE}`],
  ],
  [
    "columns stand in no VALUES",
    `${HEAD}${ROWS}${INSERT}SELECT :playerId, :items.item, (:items.amount) FROM t`,
    [`a.sql:6 :items.item ${PLACE}`, `a.sql:6 :items.amount ${PLACE}`],
  ],
  [
    "columns stand in the second parentheses",
    `${HEAD}${ROWS}${INSERT}VALUES (:playerId, :items.item, 1), (:playerId, 'x', :items.amount)`,
    [`a.sql:6 :items.amount ${PLACE}`],
  ],
  [
    "a parameter without columns has one",
    `${HEAD}${ROWS}${INSERT}VALUES (:playerId.id, :items.item, :items.amount)`,
    [
      "a.sql:6 :playerId.id: :playerId is bigint, which has no columns",
    ],
  ],
  [
    "a statement takes two lists of rows",
    `${HEAD}${ROWS}-- @param more rows(a int)\n${INSERT}${TUPLE}, (:playerId, :more.a, 1)`,
    ["a.sql:5 :more and :items are rows(…), and a statement takes one"],
  ],
  [
    "a statement takes rows and a list",
    `${HEAD}${ROWS}-- @param ids int[]\n${INSERT}VALUES (:playerId, :items.item, :items.amount IN (:ids))`,
    ["a.sql:5 :ids is a list, which a statement with rows(…) cannot take"],
  ],
  [
    "a read takes rows",
    `-- name: item.get :many\n-- @shard :playerId\n-- @param playerId bigint\n${ROWS}` +
    "SELECT :playerId FROM (VALUES (:items.item, :items.amount)) t",
    ["a.sql:4 :items is rows(…), which belongs to writes"],
  ],
  [
    "the rows choose the shard",
    `-- name: item.add :exec\n-- @shard :items\n${ROWS}${INSERT}VALUES (1, :items.item, :items.amount)`,
    [
      "a.sql:2 :items is rows(…), and a write goes to one shard: take the key as a parameter of " +
      "its own",
    ],
  ],
  [
    "a column of the rows chooses the shard",
    `-- name: item.add :exec\n-- @shard each(:items.item)\n${ROWS}${INSERT}` +
    "VALUES (1, :items.item, :items.amount)",
    [
      'a.sql:2 @shard cannot be a column of rows, received "each(:items.item)": a write goes to ' +
      "one shard, so take the key as a parameter of its own, such as :playerId",
    ],
  ],
  [
    "a write would be split over the shards",
    "-- name: item.drop :exec\n-- @shard each(:ids)\n-- @param ids bigint[]\n" +
    "DELETE FROM inventory WHERE player_id IN (:ids)",
    [
      "a.sql:2 @shard each(…) is for reads, not for :exec: a write over several shards could be " +
      "applied in part; take the key as a parameter of its own",
    ],
  ],
  [
    "rows make more values than a statement takes",
    `${HEAD}-- @param items rows(item string) max=1000\n` +
    `INSERT INTO t VALUES (:items.item, ${Array(65).fill(":playerId").join(", ")})`,
    ["a.sql:4 :items max=1000 makes 66000 values of 66 a row, and a statement takes 65535"],
  ],
  [
    "max= is too large",
    `${HEAD}-- @param items rows(item string, amount int) max=1001\n${INSERT}${TUPLE}`,
    [
      'a.sql:4 :items must have max= from 1 to 1000, received "1001"',
    ],
  ],
  [
    "a limit stands outside the parentheses",
    `${HEAD}-- @param items rows(item string, amount int) min=1\n${INSERT}${TUPLE}`,
    ["a.sql:4 :items is rows(…): min=1 belongs to a column, such as rows(item string maxlen=64)"],
  ],
  [
    "a column's limits are wrong",
    `${HEAD}-- @param items rows(item string min=1, amount int mni=1 max=x)\n${INSERT}${TUPLE}`,
    [
      "a.sql:4 :items.item is string, which has no min=",
      'a.sql:4 :items.amount has an unknown option "mni=1" (did you mean min?)',
      'a.sql:4 :items.amount has a bad max= "x"',
    ],
  ],
  [
    "a column is there twice",
    `${HEAD}-- @param items rows(item string, item int)\n${INSERT}VALUES (:playerId, :items.item, 1)`,
    [
      "a.sql:4 :items names item twice",
    ],
  ],
  [
    "an id is made by a read",
    "-- name: t.get :one\n-- @shard s1\n-- @param id bigint default=id()\nSELECT :id",
    [
      "a.sql:3 :id has default=id(), which belongs to writes",
    ],
  ],
  [
    "an id is no bigint",
    "-- name: t.put :exec\n-- @shard s1\n-- @param id int default=id()\nDELETE FROM t WHERE id = :id",
    [
      "a.sql:3 :id is int, which has no default=id()",
    ],
  ],
  [
    "an id would break its limits",
    "-- name: t.put :exec\n-- @shard s1\n-- @param id bigint max=1000000 default=id()\nDELETE FROM t WHERE id = :id",
    [
      "a.sql:3 :id has limits that ids of default=id() break: they go up to 9223372036854775807",
    ],
  ],
];

for (const [when, text, expected] of CASES) {
  Deno.test(`parseStatements tells what is wrong when ${when}`, () => {
    assertEquals(faultsOf(text), expected);
  });
}
