import { assert, assertEquals } from "@std/assert";
import { systemClock } from "../../src/core/clock.ts";
import { planTables } from "../../src/query/plan_node.ts";
import { checkOnServer, schemaOf } from "../../src/query/server_check.ts";
import { testDatabase } from "./database.ts";
import { compile } from "./rules.ts";

const TABLES = `
CREATE TABLE event_log (id BIGINT AUTO_INCREMENT PRIMARY KEY, player_id BIGINT NOT NULL,
  kind VARCHAR(20) NOT NULL, level INT NOT NULL, at DATETIME(3) NOT NULL, payload VARCHAR(200));
INSERT INTO event_log SELECT seq, seq % 400, CONCAT('kind', seq % 7), seq % 90,
  '2026-01-01' + INTERVAL seq MINUTE, REPEAT('x', 100) FROM seq_1_to_8000;
CREATE TABLE players (id BIGINT PRIMARY KEY, name VARCHAR(40) NOT NULL);
INSERT INTO players SELECT seq, CONCAT('name', seq) FROM seq_1_to_400;
ANALYZE TABLE event_log, players`;

/** The same rows in an engine whose indexes do not end with the primary key. */
const OTHER_TABLES = `
CREATE TABLE old_log (id BIGINT AUTO_INCREMENT PRIMARY KEY, player_id BIGINT NOT NULL,
  kind VARCHAR(20) NOT NULL, KEY by_player (player_id), FULLTEXT KEY by_kind (kind)) ENGINE=MyISAM;
INSERT INTO old_log SELECT id, player_id, CONCAT(kind, id) FROM event_log;
ANALYZE TABLE old_log`;

/** A statement that lacks an index, and the columns of the one that is advised. */
const CASES: readonly (readonly [text: string, columns: string])[] = [
  ["many\n-- @param p bigint\nSELECT payload FROM event_log WHERE player_id = :p", "player_id"],
  [
    "many\n-- @param k string\n-- @param p bigint\n" +
    "SELECT payload FROM event_log WHERE player_id = :p AND kind = :k",
    "player_id, kind",
  ],
  [
    "many\n-- @param p bigint\n-- @param t datetime\n" +
    "SELECT payload FROM event_log e WHERE e.at > :t AND e.player_id = :p",
    "player_id, at",
  ],
  [
    "many\n-- @param p bigint\n-- @param n int max=50\n" +
    "SELECT payload FROM event_log WHERE player_id = :p ORDER BY at DESC, id DESC LIMIT :n",
    "player_id, at, id",
  ],
  [
    "many\n-- @param p bigint\nSELECT payload FROM event_log WHERE player_id = :p ORDER BY level",
    "player_id, level",
  ],
  [
    "many\n-- @param n int max=50 example=10\n" +
    "SELECT payload FROM event_log ORDER BY level DESC, at LIMIT :n",
    "level DESC, at",
  ],
  [
    "many\n-- @param ps bigint[] example=5,6\n" +
    "SELECT payload FROM event_log WHERE player_id IN (:ps)",
    "player_id",
  ],
  [
    "many\n-- @param p bigint\n" +
    "SELECT p.name, e.payload FROM players p JOIN event_log e ON e.player_id = p.id WHERE p.id = :p",
    "player_id",
  ],
  [
    "exec\n-- @param p bigint\nUPDATE event_log SET level = 1 WHERE player_id = :p",
    "player_id",
  ],
  [
    "exec\n-- @param p bigint\n-- @param t datetime\n" +
    "DELETE FROM event_log WHERE player_id = :p AND at < :t",
    "player_id, at",
  ],
  [
    "many\n-- @param p bigint\n-- @param n int max=50 example=9\n" +
    "SELECT kind FROM old_log WHERE player_id = :p ORDER BY id LIMIT :n",
    "player_id, id",
  ],
  ["many\n-- @param k string\nSELECT id FROM old_log WHERE kind = :k", "kind"],
];

Deno.test("Every index that is advised is used once it is there", async (t) => {
  await using database = await testDatabase();
  await database.sql(`${TABLES}; ${OTHER_TABLES}`);
  const { session } = database;
  const check = async (text: string) => {
    const compiled = compile(`-- name: t.t :${text.replace("\n", "\n-- @shard s1\n")}`);
    const schema = await schemaOf(session, [compiled.statement]);
    return await checkOnServer(session, { compiled, schema, clock: systemClock });
  };
  for (const [text, columns] of CASES) {
    await t.step(text.split("\n").at(-1) ?? "", async () => {
      const before = await check(text);
      const advised = before.warnings.map((warning) =>
        /an index on \((.*)\) would be used$/.exec(warning)?.[1]
      );
      assert(advised.length > 0, "must lack an index");
      assertEquals([...new Set(advised)], [columns]);
      const table = text.includes("old_log") ? "old_log" : "event_log";
      await database.sql(`CREATE INDEX advised ON ${table} (${columns})`);
      try {
        await database.sql(`ANALYZE TABLE ${table}`);
        const { plan, warnings } = await check(text);
        const keys = plan && planTables(plan.tree).map(({ key }) => key);
        assertEquals({ used: keys?.includes("advised"), warnings }, { used: true, warnings: [] });
      } finally {
        await database.sql(`DROP INDEX advised ON ${table}`);
      }
    });
  }
});
