import { assertEquals } from "@std/assert";
import { type FaultCase, faultsOf } from "../faults.ts";

const TOP = "-- name: t.top :many\n-- @shard all\n-- @param n int\n";
const EACH = "-- name: t.some :many\n-- @shard each(:ids)\n-- @param ids bigint[]\n";
const PAGES = "-- @merge order=xp desc,id limit=:n after=:cursor\n";

const CASES: readonly FaultCase[] = [
  [
    "a scatter and its order are good",
    `${TOP}-- @merge order=xp desc,id limit=:n
SELECT id, xp FROM t ORDER BY t.xp DESC, id ASC LIMIT :n`,
    [],
  ],
  [
    "pages are good",
    `${TOP}${PAGES}SELECT id, xp FROM t WHERE :cursor ORDER BY xp DESC, id LIMIT :n`,
    [],
  ],
  [
    "pages of one shard are good",
    `-- name: t.top :many
-- @shard :id
-- @param id bigint
-- @param n int
-- @merge order=xp limit=:n after=:cursor
SELECT xp FROM t WHERE id = :id AND :cursor ORDER BY xp LIMIT :n`,
    [],
  ],
  ["a list's split is good", `${EACH}SELECT id FROM t WHERE t.id IN (:ids)`, []],
  [
    "aggregates are good",
    `-- name: t.sum :one
-- @shard all
-- @merge sum=gold,players max=best
SELECT SUM(gold) AS gold, COUNT(*) AS players, MAX(xp) AS best FROM t`,
    [],
  ],
  [
    "the SQL is in another order",
    `${TOP}-- @merge order=xp desc limit=:n
SELECT xp FROM t ORDER BY xp LIMIT :n`,
    [
      "a.sql:4 @merge needs the SQL to end with ORDER BY xp DESC LIMIT :n",
    ],
  ],
  [
    "the SQL has an order that is no column",
    `${TOP}-- @merge order=xp limit=:n
SELECT xp FROM t ORDER BY -xp LIMIT :n`,
    [
      "a.sql:4 @merge needs the SQL to end with ORDER BY xp LIMIT :n",
    ],
  ],
  [
    "the SQL leaves rows out",
    `${TOP}-- @merge order=xp limit=:n
SELECT xp FROM t ORDER BY xp LIMIT :n OFFSET 3`,
    [
      "a.sql:4 @merge needs the SQL to end with ORDER BY xp LIMIT :n",
    ],
  ],
  ["the cursor is not in the SQL", `${TOP}${PAGES}SELECT id FROM t ORDER BY xp DESC, id LIMIT :n`, [
    "a.sql:4 :cursor declared but not in the SQL",
    "a.sql:4 after=:cursor needs :cursor in the SQL as a condition, such as WHERE :cursor",
  ]],
  [
    "the cursor is a value",
    `${TOP}${PAGES}SELECT id FROM t WHERE id > :cursor ORDER BY xp DESC, id LIMIT :n`,
    [
      "a.sql:4 after=:cursor needs :cursor in the SQL as a condition, such as WHERE :cursor",
    ],
  ],
  [
    "the cursor stands beside OR",
    `${TOP}${PAGES}SELECT id FROM t WHERE a OR b AND :cursor ORDER BY xp DESC, id LIMIT :n`,
    [
      "a.sql:4 OR beside :cursor lets rows past it: put it in parentheses",
    ],
  ],
  [
    "the cursor is a number",
    `${TOP}-- @param cursor int
${PAGES}SELECT id FROM t WHERE :cursor ORDER BY xp DESC, id LIMIT :n`,
    [
      "a.sql:4 :cursor says which page is asked for, and must be a string",
    ],
  ],
  [
    "the cursor is a condition of a join",
    `${TOP}${PAGES}SELECT t.id FROM t LEFT JOIN u ON u.id = t.id AND :cursor ORDER BY xp DESC, id LIMIT :n`,
    [
      "a.sql:4 after=:cursor needs :cursor in the SQL as a condition, such as WHERE :cursor",
    ],
  ],
  [
    "the cursor is a condition behind a join",
    `${TOP}${PAGES}SELECT t.id FROM t JOIN u ON u.id = t.id WHERE a AND :cursor ORDER BY xp DESC, id LIMIT :n`,
    [],
  ],
  [
    "the cursor holds for one part of a union",
    `${TOP}${PAGES}SELECT id FROM u UNION ALL SELECT id FROM t WHERE :cursor ORDER BY xp DESC, id LIMIT :n`,
    [
      "a.sql:4 UNION beside :cursor lets rows past it: put it in a table of FROM",
    ],
  ],
  ["a list's split has a limit", `${EACH}SELECT id FROM t WHERE id IN (:ids) LIMIT 3`, [
    "a.sql:2 LIMIT would count on each shard by itself: @maxrows bounds the whole",
  ]],
  ["a list's split has no IN", `${EACH}SELECT id FROM t WHERE id NOT IN (:ids)`, [
    "a.sql:2 @shard each(:ids) needs column IN (:ids), once",
  ]],
  [
    "a list's split answers one row",
    EACH.replace("many", "one") + "SELECT id FROM t WHERE id IN (:ids)",
    [
      "a.sql:2 @shard each(…) answers a list: it must be :many",
    ],
  ],
  [
    "aggregates make a list",
    "-- name: t.sum :many\n-- @shard all\n-- @merge sum=a\nSELECT SUM(a) AS a FROM t",
    [
      "a.sql:3 @merge of aggregates makes one row: it must be :one",
    ],
  ],
  [
    "aggregates are of groups",
    "-- name: t.sum :one\n-- @shard all\n-- @merge sum=a\nSELECT SUM(a) AS a FROM t GROUP BY b",
    ["a.sql:3 @merge of aggregates makes one row, and GROUP BY makes several"],
  ],
  [
    "an aggregate of all is none of the shards'",
    "-- name: t.sum :one\n-- @shard all\n-- @merge sum=a\nSELECT ROUND(AVG(a), 1) AS a FROM t",
    [
      "a.sql:3 @merge cannot make one AVG of the shards': sum what it is made of, such as SUM and COUNT",
    ],
  ],
  ...["SUM(a)/COUNT(a)", "1 DIV SUM(a)", "ROUND(SUM(a))", "BIT_OR(a)", "CAST(SUM(a) AS SIGNED)"]
    .map((
      made,
    ): FaultCase => [
      `${made} of all is none of the shards'`,
      `-- name: t.sum :one\n-- @shard all\n-- @merge sum=a\nSELECT ${made} AS a FROM t`,
      [
        `a.sql:3 @merge cannot make one ${
          /\/|DIV|ROUND|BIT_OR|CAST/.exec(made)?.[0]
        } of the shards': sum what it is made of, such as SUM and COUNT`,
      ],
    ]),
  [
    "aggregates are sums of what merges",
    `-- name: t.sum :one
-- @shard all
-- @merge sum=a,b,c
SELECT COALESCE(SUM(a / 2), 0) AS a, (SUM(b) + COUNT(*)) * 2 AS b, SUM(ROUND(c)) AS c, 1 / 2 FROM t`,
    [],
  ],
  [
    "HAVING leaves shards out",
    "-- name: t.sum :one\n-- @shard all\n-- @merge sum=a\nSELECT COUNT(*) AS a FROM t HAVING a > 3",
    [
      "a.sql:3 @merge of aggregates takes what each shard has, and HAVING would leave shards out",
    ],
  ],
  [
    "aggregates are of a subquery's average",
    `-- name: t.sum :one
-- @shard all
-- @merge sum=a
SELECT SUM(a) AS a FROM (SELECT AVG(b) AS a FROM t GROUP BY c) AS g`,
    [],
  ],
  [
    "an aggregate is unknown",
    "-- name: t.sum :one\n-- @shard all\n-- @merge sum=a avg=b\nSELECT 1",
    [
      'a.sql:3 @merge must be sum=<column>, … min=<column> max=<column>, received "avg=b"',
      "a.sql:2 @shard all needs @merge, which says how the rows become one list",
    ],
  ],
  [
    "a scatter is cached",
    `${TOP}-- @merge order=xp limit=:n
-- @cache players tags=top
SELECT xp FROM t ORDER BY xp LIMIT :n`,
    [
      "a.sql:5 @cache belongs to statements of one shard, without pages",
    ],
  ],
];

Deno.test("parseStatements holds scatters and pages against their SQL", async (t) => {
  for (const [when, text, expected] of CASES) {
    await t.step(when, () => {
      assertEquals(faultsOf(text).toSorted(), [...expected].toSorted());
    });
  }
});
