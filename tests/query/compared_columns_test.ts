import { assertEquals } from "@std/assert";
import { comparedColumns, tablesOf } from "../../src/query/compared_columns.ts";
import { scanSql } from "../../src/query/sql_scanner.ts";

const COLUMNS: readonly (readonly [sql: string, found: readonly string[]])[] = [
  ["SELECT 1 FROM t WHERE id = :id", ["id=id"]],
  ["SELECT 1 FROM t WHERE `the id` = :id AND :b = t.b", ["the id=id", "t.b=b"]],
  ["SELECT 1 FROM t WHERE t.id IN (:ids) AND u.x NOT IN (:xs)", ["t.id=ids", "u.x=xs"]],
  ["SELECT 1 FROM t WHERE LOWER(id) = :id AND id > :b", []],
  ["INSERT INTO t (a, b, c) VALUES (:x, NOW(), :y)", ["a=x", "c=y"]],
  ["INSERT INTO t (a, b) VALUES (:x + 1, :y) ON DUPLICATE KEY UPDATE b = :z", ["b=y", "b=z"]],
  ["REPLACE INTO t SET a = :x", ["a=x"]],
  ["UPDATE t SET a = :x WHERE id = :id", ["a=x", "id=id"]],
];

for (const [sql, found] of COLUMNS) {
  Deno.test(`comparedColumns finds ${found.join(" ") || "nothing"} when it reads ${sql}`, () => {
    const seen = comparedColumns(scanSql(sql).tokens).map(({ column, param, qualifier }) =>
      `${qualifier === undefined ? "" : `${qualifier}.`}${column}=${param}`
    );
    assertEquals(seen, [...found]);
  });
}

const TABLES: readonly (readonly [sql: string, found: readonly string[]])[] = [
  ["SELECT 1 FROM t WHERE id = 1", ["t t"]],
  ["UPDATE t, u AS x, g.v SET t.a = 1, x.b = 2 WHERE t.id = x.id", ["t t", "u x", "v v"]],
  ["UPDATE t JOIN u ON t.id = u.id, v SET t.a = 1", ["t t", "u u", "v v"]],
  ["INSERT INTO t (a) VALUES (1) ON DUPLICATE KEY UPDATE a = 1, b = 2", ["t t"]],
  ["SELECT 1 FROM t WHERE id IN (SELECT id FROM u) AND x = IF(y, z, 1)", ["t t", "u u"]],
  ["SELECT 1 FROM g.t AS x JOIN `u v` y ON x.id = y.id", ["t x", "u v y"]],
  ["SELECT 1 FROM a, b c WHERE a.id = c.id", ["a a", "b c"]],
  ["SELECT STRAIGHT_JOIN a.id FROM a STRAIGHT_JOIN b ON b.id = a.id", ["a a", "b b"]],
  ["SELECT 1 FROM (SELECT id FROM t) d", ["t t"]],
  ["INSERT IGNORE INTO t (a) VALUES (1)", ["t t"]],
  ["INSERT INTO t (a) VALUES (1) ON DUPLICATE KEY UPDATE a = 2", ["t t"]],
  ["SELECT 1 FROM t FOR UPDATE", ["t t"]],
  ["UPDATE t x SET a = 1", ["t x"]],
  ["DELETE FROM t WHERE id = 1", ["t t"]],
  ["SELECT 1", []],
];

for (const [sql, found] of TABLES) {
  Deno.test(`tablesOf finds ${found.join(" ") || "nothing"} when it reads ${sql}`, () => {
    assertEquals(tablesOf(scanSql(sql).tokens).map(({ table, alias }) => `${table} ${alias}`), [
      ...found,
    ]);
  });
}
