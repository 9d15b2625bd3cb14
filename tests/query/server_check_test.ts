import { assert, assertEquals, assertMatch, assertRejects } from "@std/assert";
import { systemClock } from "../../src/core/clock.ts";
import { SqlError } from "../../src/drivers/mysql.ts";
import { planTables, walkPlan } from "../../src/query/plan_node.ts";
import { checkOnServer, schemaOf } from "../../src/query/server_check.ts";
import type { ServerFacts } from "../../src/query/statement.ts";
import { compile } from "./rules.ts";
import { testDatabase } from "./database.ts";

const TABLES = `
CREATE TABLE players (id BIGINT PRIMARY KEY, name VARCHAR(40) NOT NULL COLLATE utf8mb4_general_ci,
  code VARCHAR(40) COLLATE utf8mb4_bin, tag VARBINARY(40), lang VARCHAR(40) COLLATE utf8mb4_danish_ci,
  level INT NOT NULL, xp BIGINT, guild_id BIGINT, gold DECIMAL(20,4), at DATETIME(3), profile JSON,
  KEY (name), KEY (code), KEY (tag), KEY (lang), KEY (guild_id), KEY (xp))
  CHARACTER SET utf8mb4;
INSERT INTO players SELECT seq, CONCAT('name', seq), CONCAT('code', seq), seq, seq, seq % 50, seq,
  seq % 100, seq, NOW(3), '{}' FROM seq_1001_to_4000;
CREATE TABLE guilds (id BIGINT PRIMARY KEY, name VARCHAR(40),
  kind ENUM('raid', 'craft') COLLATE utf8mb4_bin, nopad VARCHAR(9) COLLATE utf8mb4_nopad_bin,
  latin VARCHAR(9) CHARACTER SET latin1 COLLATE latin1_bin, bits BIT(9));
INSERT INTO guilds (id, name, kind) VALUES (1, 'a', 'raid');
CREATE VIEW names AS SELECT id, name, level FROM players;
CREATE TABLE nobody (id BIGINT PRIMARY KEY);
ANALYZE TABLE players, guilds`;

/** What is checked, the statement's header and SQL, and the facts that matter. */
type Case = readonly [
  when: string,
  text: string,
  expected: Partial<Pick<ServerFacts, "warnings" | "unavailable">> & { readonly plan?: string },
];

const ID = "-- @shard :id\n-- @param id bigint\n";
const CASES: readonly Case[] = [
  ["a read has its key", `one\n${ID}SELECT id FROM players WHERE id = :id`, {
    plan: "PRIMARY",
    warnings: [],
  }],
  [
    "an example names no row",
    `one\n${ID.trim()} example=1\nSELECT id FROM players p WHERE p.id = :id`,
    {
      plan: "PRIMARY",
      warnings: [],
    },
  ],
  ["no row is there at all", `one\n${ID}SELECT id FROM nobody WHERE id = :id`, { warnings: [] }],
  [
    "a list has its key",
    "many\n-- @shard s1\n-- @param ids bigint[]\nSELECT id FROM players WHERE id IN (:ids)",
    {
      plan: "PRIMARY",
      warnings: [],
    },
  ],
  [
    "a column has no index",
    "many\n-- @shard s1\n-- @param l int\nSELECT id FROM players WHERE level = :l",
    {
      plan: "full scan",
      warnings: ["full scan of players: an index on (level) would be used"],
    },
  ],
  [
    "a full scan is allowed",
    "many\n-- @shard s1\n-- @param l int\n-- @allow full-scan\nSELECT id FROM players WHERE level = :l",
    { plan: "full scan", warnings: [] },
  ],
  [
    "rows are sorted without an index",
    "many\n-- @shard s1\n-- @param g bigint\n" +
    "SELECT id FROM players WHERE guild_id = :g ORDER BY level",
    {
      plan: "guild_id",
      warnings: [
        "sorts players without an index (filesort): an index on (guild_id, level) would be used",
      ],
    },
  ],
  [
    "an index gives the order",
    "many\n-- @shard s1\n-- @param n int max=100\nSELECT id FROM players ORDER BY xp DESC LIMIT :n",
    {
      plan: "index scan xp",
      warnings: [],
    },
  ],
  ["everything is counted", "one\n-- @shard s1\nSELECT COUNT(*) AS n FROM players", {
    warnings: ["index scan guild_id of players"],
    plan: "index scan guild_id",
  }],
  [
    "tables are joined",
    `one\n${ID}SELECT p.id, g.name FROM players p JOIN guilds g ON g.id = p.guild_id WHERE p.id = :id`,
    {
      warnings: [],
    },
  ],
  ["a write has its key", `exec\n${ID}UPDATE players SET xp = 1 WHERE id = :id`, {
    plan: "range PRIMARY",
    warnings: [],
  }],
  [
    "a write has no key",
    "exec\n-- @shard s1\n-- @param l int\nUPDATE players SET xp = 1 WHERE level = :l",
    {
      plan: "index scan PRIMARY",
      warnings: ["index scan PRIMARY of players: an index on (level) would be used"],
    },
  ],
  ["everything is deleted", "exec\n-- @shard s1\nDELETE FROM guilds", {
    warnings: ["full scan of guilds"],
  }],
  ["a row is inserted", `exec\n${ID}INSERT INTO guilds (id, name) VALUES (:id, 'b')`, {
    plan: "insert",
    warnings: [],
  }],
  [
    "rows of JSON are joined",
    "many\n-- @shard s1\n-- @param ids json example=[1001,1002]\n" +
    "SELECT p.name FROM JSON_TABLE(:ids, '$[*]' COLUMNS (id BIGINT PATH '$')) j " +
    "JOIN players p ON p.id = j.id",
    { plan: "PRIMARY", warnings: [] },
  ],
  [
    "what a subquery gives is kept",
    "many\n-- @shard s1\n-- @param g bigint\nSELECT id, level NOT IN (SELECT q.level FROM players q) " +
    "AS lonely FROM players WHERE guild_id = :g",
    { plan: "guild_id, full scan", warnings: ["full scan of players"] },
  ],
  [
    "an index is chosen for each row of another table",
    "many\n-- @shard s1\nSELECT p.id FROM guilds g " +
    "STRAIGHT_JOIN players p ON p.id > g.id AND p.xp < g.id",
    {
      plan: "index scan PRIMARY, full scan",
      warnings: ["index scan PRIMARY of guilds", "full scan of players"],
    },
  ],
  [
    "the account may not see how a view is read",
    "many\n-- @shard s1\n-- @param l int\nSELECT id FROM names WHERE level = :l",
    {
      warnings: [
        "its plan cannot be seen: the account needs SHOW VIEW on the view that it reads",
      ],
    },
  ],
  ["the table is unknown", `one\n${ID}SELECT id FROM heroes WHERE id = :id`, {
    unavailable: "the table heroes does not exist",
  }],
  ["a column is unknown", `one\n${ID}SELECT nmae FROM players WHERE id = :id`, {
    unavailable: "the column nmae does not exist",
  }],
  [
    "a column is called what no row may have",
    `one\n${ID}SELECT id AS __proto__ FROM players WHERE id = :id`,
    {
      unavailable: "no result column may be called __proto__: give it an alias",
    },
  ],
  ["the SQL is wrong", `one\n${ID}SELECT id\nFROM players WHER id = :id`, {
    unavailable: "the server cannot read its SQL (line 2 of it)",
  }],
  ["the account may not", `one\n${ID}SELECT user FROM mysql.user WHERE 1 = :id`, {
    unavailable: "the account may not run it",
  }],
  ["two columns have one name", `one\n${ID}SELECT id, xp AS id FROM players WHERE id = :id`, {
    warnings: ["two result columns are called id: give one an alias"],
  }],
  [
    "@column names nothing",
    `one\n${ID}-- @column profle json\nSELECT profile FROM players WHERE id = :id`,
    {
      warnings: ["@column profle is no result column (did you mean profile?)"],
    },
  ],
  [
    "a string key is binary",
    "one\n-- @shard :c\n-- @param c string\nSELECT id FROM players WHERE code = :c",
    {
      plan: "code",
      warnings: [],
    },
  ],
  [
    "a string key is bytes",
    "one\n-- @shard :c\n-- @param c string\nSELECT id FROM players WHERE tag = :c",
    {
      warnings: [],
    },
  ],
  [
    "a string key ignores case",
    "one\n-- @shard :n\n-- @param n string\nSELECT id FROM players WHERE name = :n",
    {
      unavailable: "players.name takes different spellings of :n for equal (utf8mb4_general_ci): " +
        "give it a binary collation, or write fold=ci",
    },
  ],
  [
    "a folded key ignores case",
    "one\n-- @shard :n fold=ci\n-- @param n string\nSELECT id FROM players WHERE name = :n",
    {
      plan: "name",
      warnings: [],
    },
  ],
  [
    "a folded key has a language",
    "one\n-- @shard :n fold=ci\n-- @param n string\nSELECT id FROM players p WHERE p.lang = :n",
    { unavailable: "fold=ci does not know the rules of utf8mb4_danish_ci, which players.lang has" },
  ],
  [
    "an inserted key ignores case",
    "exec\n-- @shard :n\n-- @param n string\nINSERT INTO players (id, level, name) VALUES (1, 2, :n)",
    {
      unavailable: "players.name takes different spellings of :n for equal (utf8mb4_general_ci): " +
        "give it a binary collation, or write fold=ci",
    },
  ],
  [
    "a string key is compared with a number",
    "one\n-- @shard :n\n-- @param n string\nSELECT id FROM players WHERE id = :n",
    {
      unavailable: ":n is a string, and players.id is bigint",
    },
  ],
  [
    "a string key's column cannot be found",
    "one\n-- @shard :n\n-- @param n string\nSELECT level FROM players WHERE LOWER(code) = :n",
    { warnings: ["full scan of players", "cannot find the column that :n is compared with"] },
  ],
];

Deno.test("checkOnServer tells what MariaDB says of a statement", async (t) => {
  await using database = await testDatabase();
  await database.sql(TABLES);
  const { session } = database;
  const check = async (text: string) => {
    const compiled = compile(`-- name: t.t :${text}`);
    const schema = await schemaOf(session, [compiled.statement]);
    return await checkOnServer(session, { compiled, schema, clock: systemClock });
  };

  for (const [when, text, expected] of CASES) {
    await t.step(`when ${when}`, async () => {
      const facts = await check(text);
      const all: Record<string, unknown> = { ...facts, plan: facts.plan?.summary };
      const seen = Object.fromEntries(Object.keys(expected).map((key) => [key, all[key]]));
      assertEquals(seen, expected);
      if (!("unavailable" in expected)) assertEquals(facts.unavailable, undefined);
    });
  }

  await t.step("tables that are hashed for a join are read whole", async () => {
    await session.query("SET join_cache_level = 4");
    const { plan, warnings } = await check(
      "many\n-- @shard s1\n-- @param id bigint\n" +
        "SELECT p.name FROM guilds g JOIN players p ON p.level = g.id WHERE g.id < :id",
    );
    await session.query("SET join_cache_level = DEFAULT");
    assertEquals([plan?.summary, warnings], ["range PRIMARY, full scan", [
      "full scan of players: an index on (level) would be used",
    ]]);
  });

  await t.step("partitions that are all read, and not those of a catch-all alone", async () => {
    await database.sql(`CREATE TABLE visits (at DATETIME NOT NULL) PARTITION BY RANGE COLUMNS (at) (
      PARTITION p20261126 VALUES LESS THAN ('2026-11-27'),
      PARTITION later VALUES LESS THAN (MAXVALUE))`);
    const warned = async (condition: string) => {
      const compiled = compile(
        "-- name: t.t :many\n-- @shard s1\n-- @param t datetime example=2026-11-01T00:00:00Z\n" +
          `SELECT at FROM visits WHERE ${condition}`,
      );
      const rule = {
        by: "range",
        column: "at",
        period: "day",
        aheadMs: 0,
        keepMs: undefined,
      } as const;
      const { warnings } = await checkOnServer(session, {
        compiled,
        schema: [],
        clock: systemClock,
        partitioned: new Map([["visits", rule]]),
      });
      return warnings.filter((text) => text.includes("partitions of"));
    };
    assertEquals(await warned("at >= :t"), []);
    assertEquals(await warned("DATE(at) = :t"), [
      "reads all 2 partitions of visits: compare at with a time, or a range of them",
    ]);
  });

  await t.step("columns as documents show them", async () => {
    const { columns } = await check(
      `one\n${ID}-- @column level bool\n` +
        "SELECT id, name, level, gold, at, profile, JSON_EXTRACT(profile, '$.a') AS a FROM players WHERE id = :id",
    );
    assertEquals(columns, [
      { name: "id", encoding: "bigint", nullable: false },
      { name: "name", encoding: "string", nullable: false },
      { name: "level", encoding: "bool", nullable: false },
      { name: "gold", encoding: "decimal", nullable: true },
      { name: "at", encoding: "datetime", nullable: true },
      { name: "profile", encoding: "json", nullable: true },
      { name: "a", encoding: "json", nullable: true },
    ]);
  });

  await t.step("a scatter whose rows cannot be put in one order", async () => {
    const top = (order: string, columns: string, more = "") =>
      check(
        `many\n-- @shard all\n-- @param n int\n-- @merge order=${order} limit=:n ${more}\n` +
          `SELECT ${columns} FROM players${more && " WHERE :c"} ORDER BY ${order} LIMIT :n`,
      );
    assertEquals((await top("xp", "id, xp")).unavailable, undefined);
    assertEquals((await top("xp", "id, xp", "after=:c")).unavailable, undefined);
    assertMatch((await top("xp", "id")).unavailable ?? "", /names xp, which is no column/);
    assertMatch((await top("name", "name")).unavailable ?? "", /binary collation/);
    assertMatch((await top("profile", "profile")).unavailable ?? "", /which is json/);
    assertMatch(
      (await top("total", "xp + 1 AS total", "after=:c")).unavailable ?? "",
      /total/,
    );
    const topOf = (order: string, sql: string, by = order) =>
      check(
        `many\n-- @shard all\n-- @param n int\n-- @merge order=${by} limit=:n\n` +
          `SELECT ${sql} ORDER BY ${order} LIMIT :n`,
      );
    assertEquals((await topOf("code", "code FROM players")).unavailable, undefined);
    assertEquals((await topOf("tag", "tag FROM players")).unavailable, undefined);
    // The server sorts these by their numbers, by what the alias hides, and by another table's id.
    assertMatch(
      (await topOf("kind", "kind FROM guilds")).unavailable ?? "",
      /kind in order, which is enum/,
    );
    assertMatch(
      (await topOf("code", "REVERSE(code) AS code FROM players")).unavailable ?? "",
      /find out how the databases sort code/,
    );
    for (const column of ["nopad", "latin"]) {
      const { unavailable = "" } = await topOf(column, `${column} FROM guilds`);
      assertMatch(unavailable, /binary collation of UTF-8 that pads/);
    }
    const pagesOf = (order: string, sql: string, by = order) =>
      check(
        `many\n-- @shard s1\n-- @param n int\n-- @merge order=${by} limit=:n after=:c\n` +
          `SELECT ${sql} ORDER BY ${order} LIMIT :n`,
      );
    const pages = (order: string) => pagesOf(order, `${order} FROM guilds WHERE :c`);
    assertEquals((await pages("name")).unavailable, undefined);
    assertEquals((await pages("latin")).unavailable, undefined);
    assertMatch((await pages("kind")).unavailable ?? "", /kind in order, which is enum/);
    // WHERE takes a name for the table's column, ORDER BY for the result's.
    for (const alias of ["level AS xp", "-xp AS xp"]) {
      const { unavailable = "" } = await pagesOf("xp", `${alias} FROM players WHERE :c`);
      assertMatch(unavailable, /whether players.xp is the xp of the result/);
    }
    const named = await pagesOf("xp", "xp FROM players USE INDEX (xp) WHERE :c");
    assertEquals(named.unavailable, undefined);
    const both = "FROM players p JOIN players q ON q.id = p.guild_id WHERE :c";
    assertEquals((await pagesOf("q.xp", `q.xp ${both}`, "xp")).unavailable, undefined);
    assertMatch((await pagesOf("p.xp", `q.xp ${both}`, "xp")).unavailable ?? "", /whether p.xp/);
    const grouped = "level, MAX(xp) AS xp FROM players";
    const having = await pagesOf("xp", `${grouped} GROUP BY level HAVING :c`);
    assertEquals(having.unavailable, undefined);
    const derived = "xp FROM (SELECT id + 1 AS xp FROM players) AS p WHERE :c";
    assertEquals((await pagesOf("xp", derived)).unavailable, undefined);
    const joined = "g.id FROM players p JOIN guilds g ON g.id = p.guild_id";
    assertMatch((await topOf("p.id", joined, "id")).unavailable ?? "", /id of the result/);
    assertEquals((await topOf("g.id", joined, "id")).unavailable, undefined);
    const bits = await check(
      "one\n-- @shard all\n-- @merge sum=bits\nSELECT bits FROM guilds WHERE id = 1",
    );
    assertMatch(bits.unavailable ?? "", /cannot sum bits, which is bits/);
    const most = (sql: string) =>
      check(`one\n-- @shard all\n-- @merge max=most\nSELECT MAX(${sql}) AS most FROM guilds`);
    assertMatch((await most("bits")).unavailable ?? "", /made of bits: add 0 to it/);
    assertEquals((await most("bits + 0")).unavailable, undefined);
    const each = "many\n-- @shard each(:ids)\n-- @param ids bigint[]\nSELECT";
    const missing = await check(`${each} name FROM players WHERE id IN (:ids)`);
    assertMatch(missing.unavailable ?? "", /needs id among the result's columns/);
  });

  await t.step("how it would run, without any value of a row", async () => {
    const { plan } = await check(
      "many\n-- @shard s1\n-- @param xp bigint example=1234567\n" +
        "SELECT p.id, q.name FROM players p JOIN players q ON q.id = p.guild_id + 1000 " +
        "WHERE p.xp + :xp > 0 ORDER BY p.level LIMIT 5",
    );
    assert(plan !== undefined);
    assertEquals(
      [...walkPlan(plan.tree)].filter(({ operation }) => operation === "sort").length,
      1,
    );
    assertEquals(planTables(plan.tree).map(({ table, access, key }) => [table, access, key]), [
      ["p", "ALL", undefined],
      ["q", "eq_ref", "PRIMARY"],
    ]);
    assert(!JSON.stringify(plan).includes("1234567"), JSON.stringify(plan));
    assertMatch(plan.fingerprint, /^[0-9a-f]{8}$/);
  });

  await t.step("nothing was changed by it", async () => {
    const { rows } = await database.rows(
      "SELECT COUNT(*), (SELECT COUNT(*) FROM guilds) FROM players",
    );
    assertEquals(rows, [["3000", "1"]]);
  });

  await t.step("it throws when the session is lost", async () => {
    session.destroy();
    const error = await assertRejects(
      () => check(`one\n${ID}SELECT id FROM players WHERE id = :id`),
      SqlError,
    );
    assert(error.kind === "connection_lost");
  });
});
