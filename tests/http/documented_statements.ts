import { CompiledStatement } from "../../src/query/compiled_statement.ts";
import { parseStatements } from "../../src/query/parse_statements.ts";
import type { ResultColumn, StatementFacts } from "../../src/query/statement.ts";
import { systemClock } from "../../src/core/clock.ts";
import { assertEquals } from "@std/assert";

const SOURCE = `
-- name: player.get :one
-- One player by id. The level is at least 1.
--
-- Written \`often\` & <read>.
-- @shard :playerId
-- @param playerId bigint example=42
-- @cache players ttl=30s tags=player:{playerId}
SELECT * FROM players WHERE id = :playerId;

-- name: player.search :many
-- Players by all that can be asked.
-- @shard any
-- @param ids bigint[] example=9007199254740993,2
-- @param state string enum=active,banned default=active
-- @param name string maxlen=64 example="Ünï & <b>'q'</b>"
-- @param price decimal(20,4) min=0 max=100.5
-- @param rate decimal(3,3)
-- @param ratio double min=0.25 max=1
-- @param vip bool default=false
-- @param since date
-- @param at datetime default=now()
-- @param seen datetime min=2020-01-01T00:00:00Z
-- @param raw bytes maxlen=16
-- @param big ubigint
-- @param small int min=-5 max=5
-- @param note string default=null
-- @param extra json default={"a":1}
-- @param limit int max=500 default=50
SELECT id FROM players WHERE id IN (:ids) AND state = :state AND name = :name AND price = :price
AND rate = :rate AND ratio = :ratio AND vip = :vip AND since = :since AND at = :at AND seen = :seen
AND raw = :raw AND big = :big AND small = :small AND note = :note AND extra = :extra LIMIT :limit;

-- name: player.add_gold :exec
-- Gives gold.
-- @shard :playerId
-- @scope economy:write
-- @param playerId bigint min=1 example=42
-- @param amount bigint example=100
-- @invalidates player:{playerId}
UPDATE players SET gold = gold + :amount WHERE id = :playerId;

-- name: player.rename :exec
-- Renames, and answers the row.
-- @shard :playerId
-- @retry
-- @param playerId bigint example=42
-- @param name string maxlen=64 example=Aria
INSERT INTO names (id, name) VALUES (:playerId, :name) RETURNING id, name;

-- name: player.found :exec
-- A new player with what it carries.
-- @shard :playerId
-- @param playerId bigint default=id()
-- @param items rows(item string maxlen=64 enum="bow,axe", amount int min=1 max=99, price decimal(9,2) min=0) max=50
INSERT INTO inventory VALUES (:playerId, :items.item, :items.amount, :items.price);

-- name: account.login :one
-- An account by its token.
-- @shard any
-- @read primary
-- @param token string maxlen=128 example=do-not-show secret
SELECT * FROM accounts WHERE token = :token;

-- name: leaderboard.top :many
-- The best of all shards.
-- @shard all
-- @param limit int min=1 max=100 default=10
-- @merge order=xp desc,id limit=:limit
SELECT id, xp FROM players ORDER BY xp DESC, id LIMIT :limit;

-- name: guild.all :many
-- @shard any
SELECT id FROM guilds;

-- name: guild.broken :many
-- Cannot run.
-- @shard any
SELECT hidden_column FROM guilds;
`;

const FACTS: Readonly<Record<string, StatementFacts>> = {
  "player.get": facts(
    ["id", "bigint"],
    ["level", "integer"],
    ["balance", "decimal", true],
    ["ratio", "double"],
    ["vip", "bool"],
    ["name", "string", true],
    ["icon", "bytes", true],
    ["seen", "datetime"],
    ["born", "date", true],
    ["best", "time"],
    ["profile", "json", true],
    ["device", "uuid"],
  ),
  "player.search": facts(["id", "bigint"]),
  "player.add_gold": facts(),
  "player.rename": facts(["id", "bigint"], ["name", "string"]),
  "account.login": facts(["id", "uuid"], ["active", "bool"]),
  "guild.broken": { ...facts(), unavailable: "Unknown column 'hidden_column' in 'SELECT'" },
};

/** Statements with every type, as the real parser reads them, and what servers say of them. */
export function documentedStatements(): readonly CompiledStatement[] {
  const { statements, faults } = parseStatements([{ file: "test.sql", text: SOURCE }], {
    shards: ["s1"],
    caches: ["players"],
    maxTimeoutMs: 30_000,
  });
  assertEquals(faults, []);
  return statements.map((statement) => {
    const compiled = new CompiledStatement(statement, { clock: systemClock });
    const known = FACTS[statement.name];
    if (known !== undefined) compiled.learn(known);
    return compiled;
  });
}

type Column = readonly [
  name: string,
  encoding: ResultColumn["encoding"],
  nullable?: boolean,
];

function facts(...columns: readonly Column[]): StatementFacts {
  return {
    columns: columns.map(([name, encoding, nullable = false]) => ({ name, encoding, nullable })),
    warnings: [],
    tookMs: 1,
  };
}
