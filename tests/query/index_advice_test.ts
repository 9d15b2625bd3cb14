import { assertEquals } from "@std/assert";
import { IndexAdvice } from "../../src/query/index_advice.ts";
import type { MissingIndex } from "../../src/query/plan_warnings.ts";
import type { PlanNode } from "../../src/query/plan_node.ts";
import { scanSql } from "../../src/query/sql_scanner.ts";
import type { ParamSpec } from "../../src/query/statement.ts";
import type { TableSchema } from "../../src/query/table_schema.ts";

function table(
  name: string,
  columns: Readonly<Record<string, string>>,
  indexes: Readonly<Record<string, readonly string[]>>,
): TableSchema {
  return {
    table: name,
    columns: Object.entries(columns).map(([column, dataType]) => ({
      table: name,
      column,
      dataType,
      collation: /char|text/.test(dataType) ? "utf8mb4_bin" : null,
    })),
    indexes: Object.entries(indexes).map(([name, columns]) => ({ name, columns })),
  };
}

const SCHEMA: readonly TableSchema[] = [
  table("event_log", {
    id: "bigint",
    player_id: "bigint",
    kind: "varchar",
    at: "datetime",
    level: "int",
    seen: "tinyint",
    payload: "longtext",
  }, { PRIMARY: ["id", "at"], by_kind: ["kind"], by_level_player: ["level", "player_id"] }),
  table("players", { id: "bigint", name: "varchar", guild_id: "bigint" }, { PRIMARY: ["id"] }),
];

const param = (name: string, type: ParamSpec["type"]): ParamSpec => ({ name, type, secret: false });
const PARAMS: readonly ParamSpec[] = [
  param("p", { kind: "bigint" }),
  param("s", { kind: "string" }),
  param("t", { kind: "datetime" }),
  param("n", { kind: "int" }),
  param("ps", { kind: "array", of: { kind: "bigint" } }),
];

/** Advice for the first of the tables that are read in this order. */
function advise(
  sql: string,
  lack: MissingIndex["lack"],
  read: readonly string[] = ["event_log"],
): string {
  const nodes = read.map((table): PlanNode => ({
    operation: "read",
    table,
    access: "ALL",
    children: [],
  }));
  const advice = new IndexAdvice({
    tokens: scanSql(sql).tokens,
    params: PARAMS,
    schema: SCHEMA,
    plan: { operation: "join", children: nodes },
  });
  return advice.advise({ alias: read.at(-1) ?? "", lack }) ?? "";
}

const WHERE: readonly (readonly [condition: string, columns: string])[] = [
  ["player_id = :p", "(player_id)"],
  [":p = player_id", "(player_id)"],
  ["`player_id` <=> :p", "(player_id)"],
  ["event_log.player_id = :p AND kind = :s", "(player_id, kind)"],
  ["player_id = :p AND player_id = 3", "(player_id)"],
  ["player_id = :p + 1", "(player_id)"],
  ["(player_id = :p AND (kind = :s))", "(player_id, kind)"],
  ["player_id IS NULL AND kind = :s", "(player_id, kind)"],
  ["player_id IN (:ps)", "(player_id)"],
  ["player_id IN (:p) AND at > :t", "(player_id, at)"],
  ["at > :t AND player_id = :p", "(player_id, at)"],
  ["player_id = :p AND at BETWEEN :t AND :t AND kind = :s", "(player_id, kind, at)"],
  ["player_id = :p AND at > :t AND id < 5", "(player_id, at)"],
  ["player_id = :p AND kind LIKE 'log%'", "(player_id, kind)"],
  ["player_id = :p AND at > NOW() - INTERVAL 1 DAY", "(player_id, at)"],
  // What no index answers is left to the server.
  ["player_id = :p AND kind <> :s", "(player_id)"],
  ["player_id = :p AND kind LIKE '%in'", "(player_id)"],
  ["player_id = :p AND LOWER(kind) = :s", "(player_id)"],
  ["player_id = :p AND (kind = :s OR at > :t)", "(player_id)"],
  ["player_id = :p AND NOT level = :n", "(player_id)"],
  ["player_id = :p AND kind = :n", "(player_id)"],
  ["player_id = :p AND payload = :s", ""],
  ["player_id = :p AND kind = :s COLLATE utf8mb4_general_ci", "(player_id)"],
  // Not certain.
  ["player_id = :p OR kind = :s", ""],
  ["player_id = level", ""],
  ["player_id + 1 = :p", ""],
  ["player_id = :p = 1", ""],
  ["player_id = :p <> 1", ""],
  ["player_id = :p IS NULL", ""],
  ["player_id IN (:ps) = 0", ""],
  ["NOT :p = player_id", ""],
  ["player_id = FLOOR(RAND() * :p)", ""],
  ["player_id IN (SELECT id FROM players)", ""],
  // There already.
  ["kind = :s", ""],
  ["player_id = :p AND level = :n", ""],
  ["kind = :s AND id > :p", ""],
];

for (const [condition, columns] of WHERE) {
  Deno.test(`IndexAdvice names ${columns || "nothing"} when rows are scanned for ${condition}`, () => {
    assertEquals(
      advise(`SELECT id FROM event_log WHERE ${condition}`, "scan"),
      columns === "" ? "" : `an index on ${columns} would be used`,
    );
  });
}

const ORDER: readonly (readonly [rest: string, columns: string])[] = [
  ["WHERE player_id = :p ORDER BY at", "(player_id, at)"],
  ["WHERE player_id = :p ORDER BY at DESC, id DESC LIMIT :n", "(player_id, at, id)"],
  ["WHERE player_id = :p ORDER BY at DESC, id LIMIT :n", "(player_id, at DESC, id)"],
  ["WHERE player_id = :p AND at > :t ORDER BY at", "(player_id, at)"],
  ["WHERE player_id = :p ORDER BY player_id, at", "(player_id, at)"],
  ["ORDER BY level DESC, id LIMIT :n", "(level DESC, id)"],
  ["ORDER BY at LIMIT :n FOR UPDATE", "(at)"],
  ["ORDER BY at", ""],
  ["WHERE player_id = :p AND at > :t ORDER BY level", ""],
  ["WHERE player_id IN (:ps) ORDER BY at", ""],
  ["WHERE player_id = :p ORDER BY at + 1", ""],
  ["WHERE player_id = :p ORDER BY total", ""],
  ["WHERE player_id = :p ORDER BY renamed", ""],
  ["WHERE player_id = :p GROUP BY kind ORDER BY kind", ""],
  ["WHERE kind = :s ORDER BY id", ""],
  ["FORCE INDEX (by_kind) WHERE player_id = :p ORDER BY at", ""],
];

for (const [rest, columns] of ORDER) {
  Deno.test(`IndexAdvice names ${columns || "nothing"} when rows are sorted for ${rest}`, () => {
    const sql = `SELECT id, level * 2 AS total, at renamed FROM event_log ${rest}`;
    assertEquals(
      advise(sql, "sort"),
      columns === "" ? "" : `an index on ${columns} would be used`,
    );
  });
}

Deno.test("IndexAdvice is less certain when an index may find too many rows", () => {
  const conditions = [
    "at < :t",
    "seen = :n",
    "seen IN (1, 2)",
    "player_id IS NULL",
    "seen = :n AND player_id = :p",
  ];
  const advised = conditions.map((condition) =>
    advise(`DELETE FROM event_log WHERE ${condition}`, "scan")
  );
  assertEquals(advised, [
    "an index on (at) could be used",
    "an index on (seen) could be used",
    "an index on (seen) could be used",
    "an index on (player_id) could be used",
    "an index on (seen, player_id) would be used",
  ]);
});

Deno.test("IndexAdvice knows nothing of ORDER BY when SELECT gives its name to something else", () => {
  const sql = (name: string) =>
    `SELECT level * 2 ${name} FROM event_log WHERE player_id = :p ORDER BY at`;
  assertEquals([sql("AS at"), sql("at"), sql("x")].map((text) => advise(text, "sort")), [
    "",
    "",
    "an index on (player_id, at) would be used",
  ]);
});

Deno.test("IndexAdvice reads the WHERE of writes when they scan, and not what they set", () => {
  assertEquals(
    advise("UPDATE event_log SET kind = :s, level = 3 WHERE player_id = :p", "scan"),
    "an index on (player_id) would be used",
  );
});

Deno.test("IndexAdvice follows joins only from tables that are read before", () => {
  const sql = "SELECT 1 FROM players p JOIN event_log e ON e.player_id = p.id WHERE p.name = :s " +
    "AND e.at > :t";
  assertEquals(advise(sql, "scan", ["p", "e"]), "an index on (player_id, at) would be used");
  assertEquals(advise(sql, "scan", ["e", "p"]), "an index on (name, id) would be used");
  assertEquals(advise(sql.replace("JOIN", "LEFT JOIN"), "scan", ["p", "e"]), "");
});

Deno.test("IndexAdvice sorts by an index only when that table is read first", () => {
  const sql = "SELECT 1 FROM players p JOIN event_log e ON e.player_id = p.id WHERE p.name = :s " +
    "ORDER BY e.at";
  assertEquals(advise(sql, "sort", ["p"]), "");
  assertEquals(advise(sql, "sort", ["p", "e"]), "");
});

Deno.test("IndexAdvice knows a table's name by its alias", () => {
  const advice = new IndexAdvice({
    tokens: scanSql("SELECT 1 FROM event_log AS e").tokens,
    params: [],
    schema: SCHEMA,
    plan: { operation: "nothing", children: [] },
  });
  assertEquals([advice.nameOf("E"), advice.nameOf("<derived2>")], ["event_log", "<derived2>"]);
});
