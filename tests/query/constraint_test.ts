import { assertEquals } from "@std/assert";
import { SqlError, type SqlValue } from "../../src/drivers/mysql.ts";
import { brokenConstraint, type Constraint } from "../../src/query/constraint.ts";
import { testDatabase } from "./database.ts";

/** What is sent to which SQL, and the rule that it breaks. */
type Case = readonly [
  sql: string,
  value: SqlValue,
  kind: Constraint["kind"],
  name: string,
];

const INVALID_UTF8 = new Uint8Array([0xff, 0xfe]);
const CASES: readonly Case[] = [
  ["INSERT INTO things (id) VALUES (?)", 1, "unique", "PRIMARY"],
  ["UPDATE things SET kind_id = ?", 7, "foreign_key", "kinds"],
  ["UPDATE things SET level = ?", 200, "check", "most"],
  ["UPDATE things SET level = ?", 50, "check", "level 50 is for guilds"],
  ["UPDATE things SET level = ?", null, "not_null", "level"],
  ["UPDATE things SET level = ?", "99999999999", "range", "level"],
  ["UPDATE things SET level = 10 / ?", 0, "range", ""],
  ["INSERT INTO numbered (n) VALUES (?)", 1, "range", ""],
  ["SELECT 9223372036854775807 + CAST(? AS SIGNED)", 9, "range", ""],
  ["SELECT EXP(?)", 99_999, "range", ""],
  ["UPDATE things SET at = DATE_ADD('9999-12-31', INTERVAL ? DAY)", 99, "range", ""],
  ["UPDATE things SET name = ?", "a name too long", "length", "name"],
  ["UPDATE things SET story = REPEAT('a', ?)", 99_999_999, "length", ""],
  ["UPDATE things SET level = ?", "12abc", "type", "level"],
  ["UPDATE things SET latin = ?", "Ж", "type", "latin"],
  ["UPDATE things SET at = ?", "2026-13-45", "type", "at"],
  ["UPDATE things SET at = STR_TO_DATE(?, '%Y')", "x", "type", ""],
  ["UPDATE things SET story = JSON_SET(?, '$.a', 1)", "{x", "type", ""],
  ["SELECT id FROM things WHERE name REGEXP ?", "([", "type", ""],
  ["SELECT id FROM things WHERE name = ?", INVALID_UTF8, "type", ""],
  ["SELECT id FROM things WHERE latin = ?", "Ж", "type", ""],
  ["SELECT id FROM things WHERE latin IN (?, 'a')", "Ж", "type", ""],
  ["SELECT CONCAT(latin, ?) FROM things", "Ж", "type", ""],
];

const TABLES = `
CREATE TABLE kinds (id INT PRIMARY KEY);
CREATE TABLE things (id INT PRIMARY KEY, kind_id INT, level INT NOT NULL DEFAULT 1, name VARCHAR(9),
  latin VARCHAR(9) CHARACTER SET latin1, story TEXT, at DATETIME,
  CONSTRAINT most CHECK (level < 100), CONSTRAINT kinds FOREIGN KEY (kind_id) REFERENCES kinds (id));
INSERT INTO things (id, name, latin) VALUES (1, 'a', 'a');
CREATE TABLE numbered (id BIGINT UNSIGNED AUTO_INCREMENT PRIMARY KEY, n INT);
INSERT INTO numbered (id) VALUES (18446744073709551614)`;
const TRIGGER = `CREATE TRIGGER fifty BEFORE UPDATE ON things FOR EACH ROW
IF NEW.level = 50 THEN SIGNAL SQLSTATE '45000' SET MESSAGE_TEXT = 'level 50 is for guilds'; END IF`;

Deno.test("brokenConstraint names the rule that a value breaks, whatever the server says of it", async () => {
  await using database = await testDatabase();
  for (const sql of [...TABLES.trim().split(";\n"), TRIGGER]) await database.sql(sql);
  for (const [sql, value, kind, name] of CASES) {
    const error = await database.session.execute(sql, [value]).then(() => undefined, (e) => e);
    assertEquals(error instanceof SqlError ? brokenConstraint(error) : error, { kind, name }, sql);
  }
});

Deno.test("brokenConstraint knows nothing of faults of the statement and of the server", async () => {
  await using database = await testDatabase();
  for (const sql of ["SELECT nothing", "SELECT id FROM nowhere", "SELEC", "SELECT (SELECT 1, 2)"]) {
    const error = await database.session.execute(sql, []).then(() => undefined, (e) => e);
    assertEquals(error instanceof SqlError && brokenConstraint(error), undefined, sql);
  }
});
