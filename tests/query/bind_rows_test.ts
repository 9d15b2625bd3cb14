import { assert, assertEquals, assertMatch, assertThrows } from "@std/assert";
import fc from "fast-check";
import { RealmgateError } from "../../src/core/errors.ts";
import { sampleParams } from "../../src/query/sample_params.ts";
import { compile } from "./rules.ts";

/** A bulk insert, whose `items` are of these columns. */
function insert(columns: string, header = ""): ReturnType<typeof compile> {
  const names = columns.split(", ").map((column) => column.split(" ")[0]);
  return compile(
    `-- name: item.add :exec
-- @shard :playerId
-- @param playerId bigint
-- @param items rows(${columns}) max=1000 ${header}
INSERT INTO inventory VALUES (:playerId, ${names.map((name) => `:items.${name}`).join(", ")})`,
  );
}

function errorsOf(call: () => unknown): { param: string; detail: string }[] {
  const error = assertThrows(call, RealmgateError);
  assertEquals(error.code, "invalid_request");
  return error.extra?.["errors"] as { param: string; detail: string }[];
}

const items = insert("item string maxlen=3, amount bigint min=1");

Deno.test("CompiledStatement writes the parentheses once per row when it takes rows", () => {
  const compiled = compile(
    `-- name: item.add :exec
-- @shard :playerId
-- @param playerId bigint
-- @param by string
-- @param items rows(item string, amount ubigint)
INSERT INTO t (a, b, c) VALUES (UPPER(:items.item), :playerId, :items.amount + :items.amount)
ON DUPLICATE KEY UPDATE c = VALUES(c), d = :by`,
  );
  const call = {
    playerId: "7",
    by: "x",
    items: [{ item: "a", amount: 1 }, { amount: "2", item: "b" }],
  };
  const row = "(UPPER(?), CAST(? AS SIGNED), CAST(? AS UNSIGNED) + CAST(? AS UNSIGNED))";
  assertEquals(compiled.bindJson(call), {
    sql:
      `INSERT INTO t (a, b, c) VALUES ${row},${row}\nON DUPLICATE KEY UPDATE c = VALUES(c), d = ?`,
    values: ["a", "7", "1", "1", "b", "7", "2", "2", "x"],
    once: false,
    shardKey: "7",
  });
});

Deno.test("CompiledStatement takes VALUES :rows for all columns in their own order", () => {
  for (const short of [":items", "( :items )"]) {
    const compiled = compile(`-- name: item.add :exec
-- @shard s1
-- @param items rows(item string, amount int)
INSERT INTO t (a, b) VALUES ${short} RETURNING a`);
    const { sql, values } = compiled.bindJson({
      items: [{ amount: 1, item: "a" }, { item: "b", amount: 2 }],
    });
    const row = "(?, CAST(? AS SIGNED))";
    assertEquals(sql, `INSERT INTO t (a, b) VALUES ${row},${row} RETURNING a`);
    assertEquals(values, ["a", "1", "b", "2"]);
  }
});

Deno.test("CompiledStatement checks every value of rows as it checks a parameter", () => {
  const compiled = insert(
    "a bigint, b decimal(9,2), c bytes, d datetime, e json, f bool, g double, h date",
  );
  const row = {
    a: "9007199254740993",
    b: "1.50",
    c: "AAE=",
    d: "2026-01-02T03:04:05+02:00",
    e: { x: [1] },
    f: true,
    g: 0.5,
    h: "2026-01-02",
  };
  const { values } = compiled.bindJson({ playerId: 1, items: [row] });
  assertEquals([...values.slice(1, 3), ...values.slice(4)], [
    "9007199254740993",
    "1.5",
    "2026-01-02 01:04:05.000000",
    '{"x":[1]}',
    "1",
    0.5,
    "2026-01-02",
  ]);
  assertEquals([...values[3] as Uint8Array], [0, 1]);
  const nothing = Object.fromEntries(Object.keys(row).map((name) => [name, null]));
  assertEquals(
    compiled.bindJson({ playerId: 1, items: [nothing] }).values.slice(1),
    Array(8).fill(null),
  );
});

Deno.test("CompiledStatement tells each fault by its row and column when rows have several", () => {
  const good = { item: "a", amount: 1 };
  const given = [
    good,
    { item: "abcd", amount: 0 },
    { item: "a", amount: 9007199254740993 },
    { itme: "a", amount: "x" },
    "row",
    null,
    [],
  ];
  assertEquals(errorsOf(() => items.bindJson({ playerId: 1, items: given })), [
    { param: "items[1].item", detail: 'must have at most 3 characters, received "abcd"' },
    {
      param: "items[1].amount",
      detail: "must be a whole number from 1 to 9223372036854775807, received 0",
    },
    {
      param: "items[2].amount",
      detail: "must be sent as a string, for JSON numbers beyond 2^53 lose digits, received " +
        "9007199254740992",
    },
    { param: "items[3].itme", detail: "is not a column of items (did you mean item?)" },
    {
      param: "items[3].amount",
      detail: 'must be a whole number from 1 to 9223372036854775807, received "x"',
    },
    { param: "items[3].item", detail: "is required" },
    { param: "items[4]", detail: 'must be an object with item, amount, received "row"' },
    { param: "items[5]", detail: "must be an object with item, amount, received null" },
    { param: "items[6]", detail: "must be an object with item, amount, received an array" },
  ]);
});

Deno.test("CompiledStatement refuses rows that are none, too many, or no array", () => {
  const few = compile(
    `-- name: item.add :exec
-- @shard s1
-- @param items rows(item string)
INSERT INTO inventory VALUES (:items.item)`,
  );
  const rows = (count: number) => Array.from({ length: count }, () => ({ item: "a" }));
  assertEquals(few.bindJson({ items: rows(100) }).values.length, 100);
  for (
    const [given, detail] of [
      [[], "must have at least one row"],
      [rows(101), "must have at most 100 rows, received 101"],
      [{ item: "a" }, "must be an array of objects with item, received an object"],
      [null, "must be an array of objects with item, received null"],
    ] as const
  ) assertEquals(errorsOf(() => few.bindJson({ items: given })), [{ param: "items", detail }]);
  assertEquals(errorsOf(() => few.bindJson({})), [{ param: "items", detail: "is required" }]);
  assertEquals(
    errorsOf(() => few.bindQuery("items=a"))[0]?.detail,
    'must be sent by POST, received "a"',
  );
});

Deno.test("CompiledStatement never shows a value of secret rows when it refuses it", () => {
  const secret = insert("token string maxlen=3, n int", "secret");
  const call = { playerId: 1, items: [{ token: "hunter2", n: "hunter2" }, "hunter2"] };
  const error = assertThrows(() => secret.bindJson(call), RealmgateError);
  assertEquals((error.extra?.["errors"] as unknown[]).length, 3);
  assert(!JSON.stringify([error.message, error.extra]).includes("hunter2"));
});

Deno.test("CompiledStatement treats __proto__ like any unknown column when a row has it", () => {
  const row = JSON.parse('{"item": "a", "amount": 1, "__proto__": {"item": "b"}}');
  assertEquals(
    errorsOf(() => items.bindJson({ playerId: 1, items: [row] })).map(({ param }) => param),
    [
      "items[0].__proto__",
    ],
  );
});

Deno.test("CompiledStatement has few texts kept prepared when rows are many", () => {
  const kept = Array.from({ length: 1_000 }, (_, n) => {
    const given = Array.from({ length: n + 1 }, () => ({ item: "a", amount: 1 }));
    const { sql, values, once } = items.bindJson({ playerId: 1, items: given });
    assertEquals(sql.split("?").length - 1, values.length);
    return once === false;
  });
  assertEquals(kept.lastIndexOf(true) + 1, kept.filter((yes) => yes).length);
  assert(kept.filter((yes) => yes).length <= 8);
});

Deno.test("CompiledStatement binds or refuses but never breaks when anything is sent as rows", () => {
  const cell = fc.oneof(fc.jsonValue(), fc.constantFrom("a", "1", 1, null));
  const row = fc.oneof(
    { weight: 5, arbitrary: fc.record({ item: cell, amount: cell }) },
    { weight: 1, arbitrary: fc.dictionary(fc.constantFrom("item", "__proto__", "x"), cell) },
    { weight: 1, arbitrary: fc.jsonValue() },
  );
  let bound = 0;
  fc.assert(
    fc.property(fc.oneof(fc.array(row, { maxLength: 3 }), fc.jsonValue()), (given) => {
      try {
        const { sql, values } = items.bindJson({ playerId: 1, items: given });
        assertEquals(values.length, 3 * (given as unknown[]).length);
        assertEquals(sql.split("?").length - 1, values.length);
        bound++;
      } catch (error) {
        assert(error instanceof RealmgateError && error.code === "invalid_request", String(error));
      }
    }),
    { numRuns: 1_000 },
  );
  assert(bound > 0);
});

Deno.test("CompiledStatement refuses rows when what each repeats makes too long a statement", () => {
  const compiled = compile(
    `-- name: item.add :exec
-- @shard s1
-- @param note string
-- @param items rows(item string) max=1000
INSERT INTO inventory VALUES (:items.item, :note)`,
  );
  const given = (count: number) => ({
    note: "é".repeat(30_000),
    items: Array.from({ length: count }, () => ({ item: "a" })),
  });
  assertEquals(compiled.bindJson(given(60)).values.length, 120);
  const [fault] = errorsOf(() => compiled.bindJson(given(80)));
  assertEquals(fault?.param, "items");
  assertMatch(fault?.detail ?? "", /at most 4194304 bytes: send fewer rows/);
});

Deno.test("CompiledStatement has the plain parameters for tags when it takes rows", () => {
  const compiled = compile(
    `-- name: item.add :exec
-- @shard :playerId
-- @param playerId bigint
-- @param items rows(item string)
-- @invalidates inventory:{playerId}
INSERT INTO inventory VALUES (:playerId, :items.item)`,
  );
  assertEquals(compiled.tags(compiled.bindJson({ playerId: 7, items: [{ item: "a" }] })), [
    "inventory:7",
  ]);
});

Deno.test("sampleParams makes a row and an id when a statement takes them", () => {
  const compiled = compile(
    `-- name: item.add :exec
-- @shard :id
-- @param id bigint default=id()
-- @param items rows(item string enum="x,y", amount int min=5)
INSERT INTO inventory VALUES (:id, :items.item, :items.amount)`,
  );
  assertEquals(compiled.bindJson(sampleParams(compiled.statement)).values, ["1", "x", "5"]);
});

const created = compile(
  `-- name: player.create :exec
-- @shard :id
-- @param id bigint default=id()
-- @param name string
-- @param parent ubigint default=id()
-- @invalidates player:{id}
INSERT INTO players VALUES (:id, :name, :parent)`,
);

Deno.test("CompiledStatement asks for as many ids as a call leaves out", () => {
  assertEquals(created.idsNeeded({ name: "a" }), 2);
  assertEquals(created.idsNeeded({ name: "a", id: 5 }), 1);
  assertEquals(created.idsNeeded({ name: "a", id: 5, parent: null }), 0);
  assertEquals([created.idsNeeded(undefined), created.idsNeeded(null)], [2, 0]);
});

Deno.test("CompiledStatement routes and tags by an id when it was made for the call", () => {
  const bound = created.bindJson({ name: "a" }, ["8192", "8193"]);
  assertEquals([bound.values, bound.shardKey, bound.generated], [
    ["8192", "a", "8193"],
    "8192",
    { id: "8192", parent: "8193" },
  ]);
  assertEquals(created.tags(bound), ["player:8192"]);
  const own = created.bindJson({ name: "a", id: "5" }, ["8192"]);
  assertEquals([own.values, own.generated], [["5", "a", "8192"], { parent: "8192" }]);
  assertEquals(created.bindJson({ name: "a", id: 5, parent: null }).generated, undefined);
});

Deno.test("CompiledStatement requires the id when nobody made one for the call", () => {
  assertEquals(errorsOf(() => created.bindQuery("name=a")), [
    { param: "id", detail: "is required" },
    { param: "parent", detail: "is required" },
  ]);
});
