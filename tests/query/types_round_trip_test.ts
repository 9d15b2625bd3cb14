import { assertEquals } from "@std/assert";
import type { CompiledStatement } from "../../src/query/compiled_statement.ts";
import { QueryOptimizer } from "../../src/query/query_optimizer.ts";
import { rules } from "./rules.ts";
import { testDatabase } from "./database.ts";

const TABLE = `CREATE TABLE typed (
  id BIGINT PRIMARY KEY, b BIGINT, u BIGINT UNSIGNED, i INT, d DECIMAL(20,4), f DOUBLE,
  single FLOAT, flag TINYINT(1), s VARCHAR(255), c VARCHAR(40) COLLATE utf8mb4_bin, raw BLOB,
  at DATETIME(3), day DATE, j JSON, bits BIT(9), u16 BINARY(16), native UUID, e ENUM('a','b'),
  t TIME(2), y YEAR, KEY (u), KEY (d), KEY (at), KEY (c)) CHARACTER SET utf8mb4`;

const STATEMENTS = `
-- name: typed.put :exec
-- @param id bigint
-- @param b bigint
-- @param u ubigint
-- @param i int
-- @param d decimal(20,4)
-- @param f double
-- @param flag bool
-- @param s string
-- @param raw bytes
-- @param at datetime
-- @param day date
-- @param j json
REPLACE INTO typed (id, b, u, i, d, f, flag, s, raw, at, day, j)
VALUES (:id, :b, :u, :i, :d, :f, :flag, :s, :raw, :at, :day, :j);

-- name: typed.get :one
-- @param id bigint
SELECT b, u, i, d, f, flag, s, raw, at, day, j FROM typed WHERE id = :id;

-- name: typed.add :exec
-- @param id bigint
-- @param amount bigint
-- @param more ubigint
-- @param price decimal(20,4)
UPDATE typed SET b = b + :amount, u = u + :more, d = d + :price WHERE id = :id;

-- name: typed.list :many
-- @param ids bigint[]
-- @param n int default=100
-- @param from int default=0
SELECT id FROM typed WHERE id IN (:ids) ORDER BY id LIMIT :n OFFSET :from;

-- name: typed.others :many
-- @param ids bigint[]
SELECT id FROM typed WHERE id NOT IN (:ids) ORDER BY id;

-- name: typed.bytes :many
-- @param raw bytes
SELECT id FROM typed WHERE raw = :raw;

-- name: typed.at :many
-- @param at datetime
SELECT id FROM typed WHERE at = :at AND at < :at + INTERVAL 1 SECOND;

-- name: typed.odd :one
-- @column u16 uuid
-- @column total int
SELECT single, bits, u16, native, e, t, y, at, COUNT(*) OVER () AS total,
  JSON_EXTRACT(j, '$.a') AS part, 1 = 1 AS truth, NULL AS nothing, CAST(at AS DATETIME(6)) AS fine
FROM typed WHERE id = 7;
`;

Deno.test("CompiledStatement carries every type unchanged when MariaDB stores it", async (t) => {
  await using database = await testDatabase();
  await database.sql(TABLE);
  const optimizer = new QueryOptimizer({ ...rules, shards: ["s1"] });
  optimizer.load([{ file: "typed.sql", text: STATEMENTS }]);
  const statement = (name: string): CompiledStatement => {
    const compiled = optimizer.get(name);
    if (compiled === undefined) throw new Error(`Cannot find ${name}`);
    return compiled;
  };
  const run = async (name: string, params: Record<string, unknown>): Promise<unknown> => {
    const compiled = statement(name);
    const { sql, values } = compiled.bindJson(params);
    const result = await database.session.execute(sql, values);
    return result.kind === "ok"
      ? result.affectedRows
      : JSON.parse(compiled.encodeRows(result, { int64: "string" }));
  };
  const full = {
    b: "9007199254740993",
    u: "18446744073709551615",
    i: -2147483648,
    d: "1234567890123456.7891",
    f: 0.1,
    flag: true,
    s: 'naïve 😀 "quoted" \\ \u0000 line\nbreak :id ?',
    raw: "AAEC/v8=",
    at: "2026-02-28T23:59:59.120Z",
    day: "2024-02-29",
    j: { nested: [1, "zwei", null, { x: "😀" }], big: 1.5 },
  };

  await t.step("values", async () => {
    assertEquals(await run("typed.put", { id: 1, ...full }), 1);
    assertEquals(await run("typed.get", { id: "1" }), full);
  });

  await t.step("the other ends of the ranges", async () => {
    const ends = {
      ...full,
      b: "-9223372036854775808",
      u: "0",
      i: 2147483647,
      d: "-9999999999999999.9999",
      f: -1.7976931348623157e308,
      flag: false,
      s: "",
      raw: "",
      at: "1000-01-01T00:00:00.000Z",
      day: "9999-12-31",
      j: "text",
    };
    await run("typed.put", { id: 2, ...ends });
    assertEquals(await run("typed.get", { id: 2 }), ends);
  });

  await t.step("nulls", async () => {
    const nulls = Object.fromEntries(Object.keys(full).map((name) => [name, null]));
    await run("typed.put", { id: 3, ...nulls });
    assertEquals(await run("typed.get", { id: 3 }), nulls);
  });

  await t.step("instants with an offset", async () => {
    await run("typed.put", { id: 4, ...full, at: "2026-03-01T01:00:00.5+02:00" });
    assertEquals(await run("typed.at", { at: "2026-02-28T23:00:00.5Z" }), [{ id: "4" }]);
  });

  await t.step("arithmetic beyond 2^53, with its naive control", async () => {
    await run("typed.put", { id: 5, ...full, u: "18446744073709551614" });
    assertEquals(await run("typed.add", { id: 5, amount: 1, more: 1, price: "0.0001" }), 1);
    const after = await run("typed.get", { id: 5 }) as Record<string, unknown>;
    assertEquals(
      [after["b"], after["u"], after["d"]],
      ["9007199254740994", "18446744073709551615", "1234567890123456.7892"],
    );
    await database.session.execute("UPDATE typed SET b = ? WHERE id = 5", ["9007199254740993"]);
    await database.session.execute("UPDATE typed SET b = b + ? WHERE id = 5", ["1"]);
    const naive = await run("typed.get", { id: 5 }) as Record<string, unknown>;
    assertEquals(naive["b"], "9007199254740992");
  });

  await t.step("lists and limits", async () => {
    const ids = async (name: string, params: Record<string, unknown>) =>
      (await run(name, params) as { id: string }[]).map(({ id }) => id);
    assertEquals(await ids("typed.list", { ids: [5, 3, 1, "2", 99] }), ["1", "2", "3", "5"]);
    assertEquals(await ids("typed.list", { ids: [1, 2, 3, 4], n: 2, from: 1 }), ["2", "3"]);
    assertEquals(await ids("typed.list", { ids: [1], n: 0 }), []);
    assertEquals(await ids("typed.list", { ids: [] }), []);
    assertEquals(await ids("typed.others", { ids: [1, 2, 3] }), ["4", "5"]);
    assertEquals(await ids("typed.others", { ids: [] }), ["1", "2", "3", "4", "5"]);
    const many = Array.from({ length: 1_000 }, (_, n) => n);
    assertEquals(await ids("typed.list", { ids: many }), ["1", "2", "3", "4", "5"]);
    assertEquals(await ids("typed.bytes", { raw: full.raw }), ["1", "4", "5"]);
  });

  await t.step("types that only come out", async () => {
    await database.sql(
      `INSERT INTO typed SET id = 7, single = 0.1, bits = b'100000001', y = 2026, e = 'b',
       u16 = UNHEX('123e4567e89b12d3a456426655440000'), t = '-12:34:56.70',
       native = '123e4567-e89b-12d3-a456-426655440000', at = '2026-01-02 03:04:05',
       j = '{"a": [1.50, "x"]}'`,
    );
    const uuid = "123e4567-e89b-12d3-a456-426655440000";
    assertEquals(await run("typed.odd", {}), {
      single: 0.1,
      bits: "257",
      u16: uuid,
      native: uuid,
      e: "b",
      t: "-12:34:56.70",
      y: 2026,
      at: "2026-01-02T03:04:05.000Z",
      total: 1,
      part: [1.5, "x"],
      truth: 1,
      nothing: null,
      fine: "2026-01-02T03:04:05.000000Z",
    });
  });

  await t.step("the text protocol writes the same", async () => {
    const list = "b, u, i, d, f, flag, s, raw, at, day, j, single, bits, e, t, y, native";
    const sql = `SELECT ${list} FROM typed ORDER BY id`;
    const compiled = statement("typed.list");
    const prepared = await database.rows(sql);
    const text = await database.session.query(sql);
    if (text.kind !== "rows") throw new Error("Cannot compare: no rows");
    const options = { int64: "string" } as const;
    assertEquals(compiled.encodeRows(text, options), compiled.encodeRows(prepared, options));
  });

  await t.step("converted parameters use the indexes", async () => {
    await database.sql(
      `INSERT INTO typed (id, u, d, at, c) SELECT seq, seq, seq,
       '2026-01-01' + INTERVAL seq SECOND, seq FROM seq_100_to_2000; ANALYZE TABLE typed`,
    );
    const key = async (where: string, values: readonly string[]) => {
      const { columns, rows } = await database.rows(
        `EXPLAIN SELECT * FROM typed WHERE ${where}`,
        values,
      );
      const at = columns.findIndex(({ name }) => name === "key");
      return rows[0]?.[at];
    };
    assertEquals(await key("id = CAST(? AS SIGNED)", ["500"]), "PRIMARY");
    assertEquals(
      await key("id IN (CAST(? AS SIGNED), CAST(? AS SIGNED))", ["500", "501"]),
      "PRIMARY",
    );
    assertEquals(await key("u = CAST(? AS UNSIGNED)", ["500"]), "u");
    assertEquals(await key("d = CAST(? AS DECIMAL(20,4))", ["500.0000"]), "d");
    assertEquals(await key("at = ?", ["2026-01-01 00:10:00.000000"]), "at");
    assertEquals(await key("c = ?", ["500"]), "c");
  });
});
