import { assert, assertEquals, assertMatch, assertThrows } from "@std/assert";
import { RealmgateError } from "../../src/core/errors.ts";
import { compile, withParams } from "./rules.ts";

function errorsOf(call: () => unknown): { param: string; detail: string }[] {
  const error = assertThrows(call, RealmgateError);
  assertEquals(error.code, "invalid_request");
  return error.extra?.["errors"] as { param: string; detail: string }[];
}

const player = compile(
  `-- name: player.get :one
-- @shard :playerId
-- @param playerId bigint
SELECT id FROM players WHERE id = :playerId`,
);

Deno.test("CompiledStatement tells every fault at once when a query string has several", () => {
  const compiled = withParams("a bigint", "b int", "c string");
  assertEquals(errorsOf(() => compiled.bindQuery("a=x&a=1&bb=2&c=1&c=2")), [
    {
      param: "a",
      detail: "must be a whole number from -9223372036854775808 to 9223372036854775807, " +
        'received "x"',
    },
    { param: "a", detail: 'must be given once, received "1"' },
    { param: "bb", detail: "is not a parameter of t.t (did you mean b?)" },
    { param: "c", detail: 'must be given once, received "2"' },
    { param: "b", detail: "is required" },
  ]);
});

Deno.test("CompiledStatement shows a value as it was sent when its percent signs are not UTF-8", () => {
  for (const sent of ["%zz", "a+%ff"]) {
    assertEquals(errorsOf(() => withParams("a string").bindQuery(`a=${sent}`)), [
      { param: "a", detail: `must be percent-encoded UTF-8, received "${sent}"` },
    ]);
  }
});

Deno.test("CompiledStatement tells every fault at once when a body has several", () => {
  const compiled = withParams("a bigint", "b int", "c string");
  assertEquals(
    errorsOf(() => compiled.bindJson({ a: [1], cc: 1, c: {} })).map(({ param }) => param),
    ["a", "cc", "c", "b"],
  );
});

Deno.test("CompiledStatement shows the value of a list that is at fault when one is", () => {
  const list = withParams("ids int[]", "price decimal(20,4)[]");
  const details = (params: unknown) => errorsOf(() => list.bindJson(params)).map((e) => e.detail);
  const decimal = "must be a decimal number with at most 16 digits before the point and 4 after it";
  assertEquals(details({ ids: [1, "x"], price: [1e-7] }), [
    "has a value, number 2, that must be a whole number from -2147483648 to 2147483647, " +
    'received "x"',
    `has a value, number 1, that ${decimal}, received 1e-7`,
  ]);
  const many = Array.from({ length: 1_001 }, (_, n) => `ids=${n}`).join("&");
  assertEquals(errorsOf(() => withParams("ids int[]").bindQuery(many)), [
    { param: "ids", detail: "must have at most 1000 values, received an array" },
  ]);
});

Deno.test("CompiledStatement treats __proto__ like any unknown name when a caller sends it", () => {
  const body = JSON.parse('{"playerId": "1", "__proto__": {"playerId": "2"}, "constructor": 1}');
  assertEquals(errorsOf(() => player.bindJson(body)).map(({ param }) => param), [
    "__proto__",
    "constructor",
  ]);
  assertEquals(errorsOf(() => player.bindQuery("__proto__=1&playerId=1")).length, 1);
  assertEquals(errorsOf(() => player.bindJson(Object.create({ playerId: "1" }))).length, 1);
});

Deno.test("CompiledStatement refuses params when they are no object", () => {
  for (const params of [null, [], "a", 1, true]) {
    assertEquals(errorsOf(() => player.bindJson(params)), [
      { param: "params", detail: "must be an object of the statement's parameters" },
    ]);
  }
});

Deno.test("CompiledStatement tells at most 20 faults when a caller sends many", () => {
  const params = Object.fromEntries(Array.from({ length: 5_000 }, (_, n) => [`p${n}`, 1]));
  assertEquals(errorsOf(() => player.bindJson(params)).length, 20);
  assertMatch(
    assertThrows(() => player.bindJson(params), RealmgateError).message,
    /\(and 5000 more\)$/,
  );
});

Deno.test("CompiledStatement never shows a secret value when it refuses it", () => {
  const compiled = withParams("token string maxlen=3 secret", "n int");
  const error = assertThrows(() => compiled.bindJson({ token: "hunter2", n: "x" }), RealmgateError);
  assert(!JSON.stringify([error.message, error.extra]).includes("hunter2"));
});

Deno.test("CompiledStatement refuses every address when a parameter is secret", () => {
  const compiled = withParams("token string secret");
  const error = assertThrows(() => compiled.bindQuery("token=hunter2"), RealmgateError);
  assertEquals(error.code, "invalid_request");
  assertMatch(error.message, /is secret; send a POST/);
  assertEquals(compiled.bindJson({ token: "hunter2" }).values, ["hunter2"]);
});

Deno.test("CompiledStatement tells how to write + when an address has an offset with a bare one", () => {
  const compiled = withParams("at datetime");
  const [fault] = errorsOf(() => compiled.bindQuery("at=2026-01-02T03:04:05+02:00"));
  assertMatch(fault?.detail ?? "", /write %2B for it/);
});

Deno.test("CompiledStatement reads empty parts and encoded names when an address has them", () => {
  assertEquals(player.bindQuery("&&player%49d=42&").values, ["42"]);
});

Deno.test("CompiledStatement binds each place when a parameter stands in the SQL twice", () => {
  const compiled = compile(
    `-- name: t.t :many
-- @shard :b
-- @param a string
-- @param b bigint
SELECT :b, :a, :b FROM t WHERE x = :a`,
  );
  assertEquals(compiled.bindQuery("a=x&b=7"), {
    values: ["7", "x", "7", "x"],
    sql: "SELECT CAST(? AS SIGNED), ?, CAST(? AS SIGNED) FROM t WHERE x = ?",
    shardKey: "7",
  });
});

Deno.test("CompiledStatement takes defaults when a parameter is left out", () => {
  const compiled = withParams(
    "a int default=5",
    "b datetime default=now()",
    "c date default=now()",
    "d bool default=true",
    "e int[] default=1,2",
    "f string default=null",
    'g string default="two words"',
    "h double default=1.5",
    "i json default={}",
    "j bytes default=AAE=",
  );
  const { values } = compiled.bindQuery("");
  assertEquals(values.slice(0, -1), [
    "5",
    "2026-01-01 00:00:00.000000",
    "2026-01-01",
    "1",
    "1",
    "2",
    null,
    "two words",
    1.5,
    "{}",
  ]);
  assertEquals([...values.at(-1) as Uint8Array], [0, 1]);
  assertEquals(compiled.bindJson(undefined).values, values);
});

Deno.test("CompiledStatement pads lists to powers of two when it builds the SQL", () => {
  const compiled = withParams("ids bigint[]");
  const sizes = [1, 2, 3, 4, 5, 9, 1_000].map((count) => {
    const ids = Array.from({ length: count }, (_, n) => n);
    const { sql, values } = compiled.bindJson({ ids });
    assertEquals(sql.split("?").length - 1, values.length);
    assertEquals(new Set(values).size, count);
    return values.length;
  });
  assertEquals(sizes, [1, 2, 4, 4, 8, 16, 1_024]);
});

Deno.test("CompiledStatement finds nothing in no values when a list is empty", () => {
  const compiled = compile(
    `-- name: t.t :many
-- @shard s1
-- @param ids int[]
SELECT 1 FROM t WHERE a IN (:ids) AND b NOT IN (:ids)`,
  );
  assertEquals(compiled.bindJson({ ids: [] }), {
    values: [],
    sql: "SELECT 1 FROM t WHERE a IN (NULL) AND b NOT IN (SELECT 1 FROM DUAL WHERE FALSE)",
    shardKey: undefined,
  });
});

Deno.test("CompiledStatement binds bare numbers when a parameter stands in LIMIT", () => {
  const compiled = compile(
    `-- name: t.t :many
-- @shard s1
-- @param n int default=10
SELECT id, :n FROM t LIMIT :n`,
  );
  assertEquals(compiled.bindQuery("n=3").sql, "SELECT id, CAST(? AS SIGNED) FROM t LIMIT ?");
  assertEquals(errorsOf(() => compiled.bindQuery("n=-1")).length, 1);
  assertEquals(errorsOf(() => compiled.bindJson({ n: null })), [
    { param: "n", detail: "must not be null, received null" },
  ]);
});

Deno.test("CompiledStatement refuses null when the parameter chooses the shard", () => {
  assertEquals(errorsOf(() => player.bindJson({ playerId: null })).length, 1);
});

Deno.test("CompiledStatement folds the key, not the value, when the shard has fold=ci", () => {
  const compiled = compile(
    `-- name: t.t :many
-- @shard :name fold=ci
-- @param name string
SELECT 1 FROM t WHERE name = :name`,
  );
  const bound = compiled.bindJson({ name: "Ann_7" });
  assertEquals([bound.values, bound.shardKey], [["Ann_7"], "ann_7"]);
  for (const name of ["Änne", "a\u0000", "ann ", "a\tb"]) {
    assertEquals(errorsOf(() => compiled.bindJson({ name })).length, 1);
  }
});

Deno.test("CompiledStatement keeps keys of bytes apart when the shard has no fold", () => {
  const compiled = compile(
    `-- name: t.t :many
-- @shard :name
-- @param name string
SELECT 1 FROM t WHERE name = :name`,
  );
  assertEquals(compiled.bindJson({ name: "Änne" }).shardKey, "Änne");
  assertEquals(errorsOf(() => compiled.bindJson({ name: "ann " })).length, 1);
});
