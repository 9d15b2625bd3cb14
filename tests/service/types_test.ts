import { assertEquals, assertStringIncludes } from "@std/assert";
import { realmWith, testRealm } from "../support/realm.ts";

const STATEMENTS = `
-- name: types.put :exec
-- @shard s1
-- @param id bigint
-- @param b bigint
-- @param u ubigint
-- @param d decimal(20,4)
-- @param t datetime
-- @param j json
-- @param raw bytes
-- @param s string
-- @param flag bool
-- @param f double
-- @param day date
REPLACE INTO types_test (id, b, u, d, t, j, raw, s, flag, f, day)
VALUES (:id, :b, :u, :d, :t, :j, :raw, :s, :flag, :f, :day);

-- name: types.get :one
-- @shard s1
-- @param id bigint
-- @read primary
SELECT b, u, d, t, j, raw, s, flag, f, day FROM types_test WHERE id = :id;

-- name: types.add :exec
-- @shard s1
-- @param id bigint
-- @param amount bigint
UPDATE types_test SET b = b + :amount WHERE id = :id;

-- name: types.page :many
-- @shard s1
-- @param count int min=0 max=100
-- @read primary
SELECT id FROM types_test ORDER BY id LIMIT :count;

-- name: types.returning :exec
-- @shard s1
-- @param id bigint
INSERT INTO types_test (id, s) VALUES (:id, 'new') RETURNING id, s;
`;

const TABLE = `CREATE TABLE types_test (
  id BIGINT PRIMARY KEY, b BIGINT, u BIGINT UNSIGNED, d DECIMAL(20,4), t DATETIME(3), j JSON,
  raw VARBINARY(255), s VARCHAR(255), flag TINYINT(1), f DOUBLE, day DATE)`;

Deno.test("every type goes in and comes out unchanged over HTTP", async (t) => {
  const folder = await realmWith(STATEMENTS);
  await Deno.writeTextFile(`${folder}/migrations/900_types.sql`, `${TABLE};\n`);
  await using realm = await testRealm({ realm: folder });
  const { client } = await realm.serve({ isolates: 1 });
  const get = async (id: number, headers: Record<string, string> = {}) =>
    (await client.get(`/v1/query/types.get?id=${id}`, headers)).body["data"];

  const full = {
    b: "9007199254740993",
    u: "18446744073709551615",
    d: "1234567890123456.7891",
    t: "2026-02-28T23:59:59.123Z",
    j: { nested: [1, "zwei", null, { x: "😀" }] },
    raw: "AAEC/v8=",
    s: 'naïve 😀 "quoted" \\ \u0000 line\nbreak',
    flag: true,
    f: 0.1,
    day: "2024-02-29",
  };

  await t.step("values", async () => {
    const put = await client.exec("types.put", { id: 1, ...full });
    assertEquals([put.status, put.body["affectedRows"]], [200, 1], put.text);
    assertEquals(await get(1), full);
  });

  await t.step("digits in JSON that no double has", async () => {
    const j = '{"id":9007199254740993,"big":1e400,"pi":3.14159265358979323846}';
    const nulls = Object.fromEntries(Object.keys(full).map((name) => [name, null]));
    const params = JSON.stringify({ ...nulls, id: 3, j: "J" }).replace('"J"', j);
    const body = `{"params":${params}}`;
    const headers = {
      "content-type": "application/json",
      authorization: `Bearer ${realm.realm.apiKey}`,
    };
    const put = await fetch(`${client.url}/v1/exec/types.put`, { method: "POST", headers, body });
    assertEquals(put.status, 200, await put.text());
    const { text } = await client.get("/v1/query/types.get?id=3");
    assertStringIncludes(text, j);
  });

  await t.step("nulls", async () => {
    const nulls = Object.fromEntries(Object.keys(full).map((name) => [name, null]));
    const put = await client.exec("types.put", { id: 2, ...nulls });
    assertEquals(put.status, 200, put.text);
    assertEquals(await get(2), nulls);
  });

  await t.step("extremes", async () => {
    const extremes = {
      ...full,
      b: "-9223372036854775808",
      u: "0",
      d: "-9999999999999999.9999",
      t: "1999-12-31T23:59:59.999Z",
      j: "a string",
      raw: "",
      s: "",
      flag: false,
      f: -1.7976931348623157e308,
      day: "9999-12-31",
    };
    assertEquals((await client.exec("types.put", { id: 3, ...extremes })).status, 200);
    assertEquals(await get(3), extremes);
  });

  await t.step("arithmetic beyond 2^53 is exact", async () => {
    for (const [amount, sum] of [["1", "9007199254740994"], [2, "9007199254740996"]]) {
      assertEquals((await client.exec("types.add", { id: 1, amount })).status, 200);
      assertEquals((await get(1) as Record<string, unknown>)["b"], sum);
    }
  });

  await t.step("times with an offset become UTC", async () => {
    const put = await client.exec("types.put", {
      id: 4,
      ...full,
      t: "2026-01-01T00:30:00.5+02:00",
    });
    assertEquals(put.status, 200, put.text);
    assertEquals((await get(4) as Record<string, unknown>)["t"], "2025-12-31T22:30:00.500Z");
  });

  await t.step("64-bit integers are numbers for whom asks", async () => {
    const { text } = await client.get("/v1/query/types.get?id=1", {
      accept: "application/json; int64=number",
    });
    assertEquals(text.includes('"b":9007199254740996,'), true, text);
    assertEquals(text.includes('"u":18446744073709551615,'), true, text);
    assertEquals(text.includes('"d":"1234567890123456.7891"'), true, text);
  });

  await t.step("LIMIT takes its parameter", async () => {
    const { body } = await client.get("/v1/query/types.page?count=2");
    assertEquals(body["data"], [{ id: "1" }, { id: "2" }]);
    assertEquals((await client.get("/v1/query/types.page?count=0")).body["data"], []);
  });

  await t.step("RETURNING answers its rows", async () => {
    const { body, text } = await client.exec("types.returning", { id: 50 });
    assertEquals(body, { affectedRows: 1, insertId: null, rows: [{ id: "50", s: "new" }] }, text);
  });

  await t.step("what the schema refuses is a constraint violation without values", async () => {
    const twice = await client.exec("types.returning", { id: 50 });
    assertEquals([twice.status, twice.body["code"]], [409, "constraint_violation"]);
    assertEquals(twice.body["constraint"], { kind: "unique", name: "PRIMARY" });
    const over = await client.exec("types.add", { id: 1, amount: "9223372036854775807" });
    assertEquals([over.status, over.body["code"]], [409, "constraint_violation"], over.text);
  });
});
