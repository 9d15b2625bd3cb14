import { assert, assertEquals } from "@std/assert";
import { Buffer } from "node:buffer";
import { afterPlace } from "../../../src/query/scatter/keyset.ts";
import { PageCursor } from "../../../src/query/scatter/page_cursor.ts";
import { Refusal } from "../../../src/query/scalar_codec.ts";
import { compile } from "../rules.ts";
import { columnsOf } from "./columns.ts";

const ORDER = [{ name: "xp", descending: true }, { name: "id", descending: false }];

Deno.test("PageCursor reads back what it wrote, of every type and of NULL", () => {
  const columns = columnsOf({ a: 8, b: 246, c: 5, d: 12, e: 10, f: 253, g: 3 });
  const order = columns.map(({ name }) => ({ name, descending: false }));
  const cursor = new PageCursor("t.top", order);
  const row = [
    "-9007199254740993",
    "1.50",
    0.1,
    "2026-01-01 00:00:00.5",
    "2026-01-01",
    "é'😀",
    null,
  ];
  const places = cursor.read(cursor.write(columns, row));
  assertEquals(places?.map(({ value }) => value), row);
  assertEquals(places?.map(({ kind }) => kind).join(""), "idftDsi");
  assertEquals(places?.map(({ nullable }) => nullable), [...Array(5).fill(false), true, true]);
});

Deno.test("PageCursor writes the bits of a BIT column as the number that they are", () => {
  const cursor = new PageCursor("t.top", [{ name: "flags", descending: false }]);
  const text = cursor.write(columnsOf({ flags: 16 }), [new Uint8Array([1, 0xff])]);
  assertEquals(cursor.read(text)?.map(({ kind, value }) => [kind, value]), [["u", "511"]]);
});

Deno.test("PageCursor takes what it wrote of a text of 2,048 characters", () => {
  const cursor = new PageCursor("t.top", [{ name: "motto", descending: false }]);
  const text = cursor.write(columnsOf({ motto: 253 }), ["😀".repeat(2_048)]);
  assertEquals(cursor.fromText(text), text);
});

Deno.test("PageCursor refuses what is no cursor of its statement", () => {
  const columns = columnsOf({ xp: 8, id: 8 });
  const cursor = new PageCursor("t.top", ORDER);
  const good = cursor.write(columns, ["7", "42"]);
  assertEquals(cursor.fromText(good), good);
  assertEquals(cursor.fromText(""), null);
  const parsed = JSON.parse(Buffer.from(good, "base64url").toString());
  const forged = (values: unknown) =>
    Buffer.from(JSON.stringify([parsed[0], values])).toString("base64url");
  for (
    const text of [
      "x",
      "e30",
      good.slice(0, -4),
      "A".repeat(20_000),
      new PageCursor("t.other", ORDER).write(columns, ["7", "42"]),
      new PageCursor("t.top", ORDER.slice(1)).write(columns, ["7", "42"]),
      forged([["i", "7", 0]]),
      forged([["i", "7) OR 1", 0], ["i", "42", 0]]),
      forged([["constructor", "7", 0], ["i", "42", 0]]),
      forged([["i", 7, 0], ["i", "42", 0]]),
    ]
  ) assert(cursor.fromText(text) instanceof Refusal, text);
  assert(cursor.fromJson(7) instanceof Refusal);
});

Deno.test("afterPlace lets NULL come first, upwards and downwards", () => {
  const place = (value: string | null) => [{ kind: "i", value, nullable: true }] as const;
  const up = [{ sql: "a", descending: false }];
  const down = [{ sql: "a", descending: true }];
  assertEquals(afterPlace(up, place("1")).text, "(a > CAST(? AS SIGNED))");
  assertEquals(afterPlace(up, place(null)).text, "(a IS NOT NULL)");
  assertEquals(afterPlace(down, place("1")).text, "(a < CAST(? AS SIGNED) OR a IS NULL)");
  assertEquals(afterPlace(down, place(null)).text, "(FALSE)");
});

Deno.test("CompiledStatement asks a page for one row more, behind its cursor", () => {
  const compiled = compile(`-- name: t.top :many
-- @shard all
-- @param n int
-- @param least int default=0
-- @merge order=xp desc,id limit=:n after=:cursor
SELECT id, xp FROM t p WHERE :cursor AND xp >= :least ORDER BY p.xp DESC, id LIMIT :n`);
  const first = compiled.bindQuery("n=3");
  assertEquals(
    first.sql.replaceAll(/\s+/g, " "),
    "SELECT id, xp FROM t p WHERE TRUE AND " +
      "xp >= CAST(? AS SIGNED) ORDER BY p.xp DESC, id LIMIT ?",
  );
  assertEquals(first.values, ["0", 4]);
  const cursor = new PageCursor("t.top", ORDER).write(columnsOf({ id: 8, xp: 8 }), ["42", "7"]);
  const second = compiled.bindJson({ n: 3, cursor });
  assertEquals(
    second.sql.includes(
      "WHERE (p.xp < CAST(? AS SIGNED) OR (p.xp = CAST(? AS SIGNED) AND " +
        "(id > CAST(? AS SIGNED)))) AND xp",
    ),
    true,
    second.sql,
  );
  assertEquals(second.values, ["7", "7", "42", "0", 4]);
});

Deno.test("CompiledStatement asks for one row more where LIMIT stands, and nowhere else", () => {
  const compiled = compile(`-- name: t.top :many
-- @shard all
-- @param n int
-- @merge order=id limit=:n after=:cursor
SELECT id, :n AS n FROM t WHERE id > :n AND :cursor ORDER BY id LIMIT :n`);
  assertEquals(compiled.bindQuery("n=3").values, ["3", "3", 4]);
});

Deno.test("afterPlace keeps all digits of a decimal, before its point and behind it", () => {
  const order = [{ name: "share", sql: "share", descending: false }];
  const cursor = new PageCursor("t.top", order);
  for (const [value, scale] of [["9".repeat(65), 0], [`-0.${"0".repeat(37)}1`, 38]] as const) {
    const place = cursor.read(cursor.write(columnsOf({ share: 246 }), [value])) ?? [];
    assertEquals(afterPlace(order, place), {
      text: `(share > CAST(? AS DECIMAL(65,${scale})))`,
      values: [value],
    });
  }
});
