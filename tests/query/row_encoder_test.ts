import { assertEquals } from "@std/assert";
import fc from "fast-check";
import { Buffer } from "node:buffer";
import type { ColumnInfo } from "../../src/drivers/mysql.ts";
import { RowEncoder } from "../../src/query/row_encoder.ts";
import type { StatementKind } from "../../src/query/statement.ts";

const STRING = 253;

function column(name: string, type: number, more: Partial<ColumnInfo> = {}): ColumnInfo {
  const table = { table: "t", orgTable: "t", orgName: name };
  const base = { flags: 0, charset: 63, length: 20, decimals: 0, ...table };
  return { name, type, ...base, ...more };
}

function encode(
  columns: readonly ColumnInfo[],
  rows: readonly (readonly unknown[])[],
  options: {
    readonly kind?: StatementKind;
    readonly overrides?: Readonly<Record<string, string>>;
    readonly int64?: "string" | "number";
  } = {},
): string {
  const { kind = "many", overrides = {}, int64 = "string" } = options;
  const encoder = new RowEncoder({ kind, columns: overrides });
  return encoder.encode({ kind: "rows", columns, rows }, { int64 });
}

/** A column, the override if any, what the driver gives, and the JSON text that it becomes. */
type Case = readonly [what: string, column: ColumnInfo, value: unknown, text: string, as?: string];

const CASES: readonly Case[] = [
  ["BIGINT", column("c", 8), "9007199254740993", '"9007199254740993"'],
  ["BIGINT as int", column("c", 8), "42", "42", "int"],
  ["INT", column("c", 3), -5, "-5"],
  ["YEAR", column("c", 13), 2026, "2026"],
  ["DECIMAL", column("c", 246), "1.50", '"1.50"'],
  ["DECIMAL as int", column("c", 246), "15", "15", "int"],
  ["DOUBLE", column("c", 5), 0.1, "0.1"],
  ["DOUBLE that is small", column("c", 5), 1e-7, "1e-7"],
  ["FLOAT", column("c", 4), Math.fround(0.1), "0.1"],
  ["the largest FLOAT", column("c", 4), 2 ** 128 - 2 ** 104, "3.4028234663852886e+38"],
  ["FLOAT with all its digits", column("c", 4), Math.fround(16777217.5), "16777218"],
  ["TINYINT(1)", column("c", 1, { length: 1 }), 1, "true"],
  ["TINYINT(4)", column("c", 1, { length: 4 }), 1, "1"],
  ["INT as bool", column("c", 3), 0, "false", "bool"],
  ["BIT(1)", column("c", 16, { length: 1 }), Buffer.from([0]), "false"],
  ["MAX of a BIT(1)", column("c", 16, { length: 1 }), Buffer.from("0"), "false"],
  ["MAX of another BIT(1)", column("c", 16, { length: 1 }), Buffer.from("1"), "true"],
  ["BIT(9)", column("c", 16, { length: 9 }), Buffer.from([1, 1]), '"257"'],
  ["VARCHAR", column("c", STRING, { charset: 45 }), 'é"\\\n😀', JSON.stringify('é"\\\n😀')],
  ["VARBINARY", column("c", STRING), Buffer.from([0, 255]), '"AP8="'],
  ["BLOB that is empty", column("c", 252), Buffer.alloc(0), '""'],
  ["TEXT", column("c", 252, { charset: 45 }), "a", '"a"'],
  ["ENUM", column("c", 254, { charset: 45, flags: 256 }), "a", '"a"'],
  ["JSON", column("c", 245, { charset: 45 }), '{"b": 1.50}', '{"b": 1.50}'],
  ["JSON that is none", column("c", 245, { charset: 45 }), "1.", '"1."'],
  ["TEXT as json", column("c", 252, { charset: 45 }), "[1]", "[1]", "json"],
  ["TEXT as json that is none", column("c", 252, { charset: 45 }), "{", '"{"', "json"],
  ["DATETIME", column("c", 12), "2026-01-02 03:04:05", '"2026-01-02T03:04:05Z"'],
  [
    "DATETIME(3)",
    column("c", 12, { decimals: 3 }),
    "2026-01-02 03:04:05.120",
    '"2026-01-02T03:04:05.120Z"',
  ],
  [
    "DATETIME(3) whose zeros the driver dropped",
    column("c", 12, { decimals: 3 }),
    "2026-01-02 03:04:05",
    '"2026-01-02T03:04:05.000Z"',
  ],
  ["a zero TIMESTAMP", column("c", 7), "0000-00-00 00:00:00", "null"],
  ["DATE", column("c", 10), "2026-01-02", '"2026-01-02"'],
  ["a DATE without a day", column("c", 10), "2026-01-00", "null"],
  ["TIME(2)", column("c", 11, { decimals: 2 }), "-12:34:56.7", '"-12:34:56.70"'],
  [
    "BINARY(16) as uuid",
    column("c", 254),
    Buffer.from("123e4567e89b12d3a456426655440000", "hex"),
    '"123e4567-e89b-12d3-a456-426655440000"',
    "uuid",
  ],
  [
    "CHAR(32) as uuid",
    column("c", 254, { charset: 45 }),
    "123E4567E89B12D3A456426655440000",
    '"123e4567-e89b-12d3-a456-426655440000"',
    "uuid",
  ],
  ["BINARY(4) as uuid", column("c", 254), Buffer.from([1, 2, 3, 4]), '"AQIDBA=="', "uuid"],
  ["POINT", column("c", 255), { x: 1, y: 2 }, '{"x":1,"y":2}'],
  ["NULL", column("c", 6), null, "null"],
  ["NULL in a BIGINT", column("c", 8), null, "null"],
];

for (const [what, type, value, text, override] of CASES) {
  Deno.test(`RowEncoder writes ${text} when it meets ${what}`, () => {
    const overrides = override === undefined ? {} : { c: override };
    assertEquals(encode([type], [[value]], { overrides }), `[{"c":${text}}]`);
  });
}

Deno.test("RowEncoder writes one object or null when the statement is :one", () => {
  const columns = [column("id", 3)];
  assertEquals(encode(columns, [], { kind: "one" }), "null");
  assertEquals(encode(columns, [[1]], { kind: "one" }), '{"id":1}');
  assertEquals(encode(columns, [[1], [2]], { kind: "one" }), '{"id":1}');
});

Deno.test("RowEncoder writes an array when the statement is :many or :exec", () => {
  const columns = [column("id", 3), column('a"b', 3)];
  assertEquals(encode(columns, []), "[]");
  assertEquals(encode(columns, [[1, 2], [3, null]]), '[{"id":1,"a\\"b":2},{"id":3,"a\\"b":null}]');
  assertEquals(encode(columns, [[1, 2]], { kind: "exec" }), '[{"id":1,"a\\"b":2}]');
});

Deno.test("RowEncoder writes bare BIGINT digits when the caller reads 64-bit integers", () => {
  const columns = [column("id", 8), column("d", 246)];
  const row = [["18446744073709551615", "1.5"]];
  assertEquals(
    encode(columns, row, { int64: "number" }),
    '[{"id":18446744073709551615,"d":"1.5"}]',
  );
});

Deno.test("RowEncoder follows the columns when they change between results", () => {
  const encoder = new RowEncoder({ kind: "one", columns: {} });
  const before = [column("id", 3)];
  const after = [column("id", 8)];
  const text = (columns: readonly ColumnInfo[], int64: "string" | "number") =>
    encoder.encode({ kind: "rows", columns, rows: [[1]] }, { int64 });
  assertEquals(
    [text(before, "string"), text(after, "string"), text(after, "number"), text(before, "string")],
    ['{"id":1}', '{"id":"1"}', '{"id":1}', '{"id":1}'],
  );
});

Deno.test("RowEncoder gives every value back when its text is parsed", () => {
  const columns = [
    column("s", STRING, { charset: 45 }),
    column("d", 5),
    column("i", 3),
    column("b", 8),
    column("j", 245, { charset: 45 }),
    column("raw", 252),
  ];
  const row = fc.tuple(
    fc.option(fc.string({ unit: "binary" })),
    fc.option(fc.double({ noNaN: true, noDefaultInfinity: true }).map((value) => value + 0)),
    fc.option(fc.integer()),
    fc.option(fc.bigInt({ min: -(2n ** 63n), max: 2n ** 64n - 1n }).map(String)),
    fc.option(fc.json()),
    fc.option(fc.uint8Array()),
  );
  fc.assert(
    fc.property(fc.array(row), (rows) => {
      const parsed = JSON.parse(encode(columns, rows)) as Record<string, unknown>[];
      const expected = rows.map(([s, d, i, b, j, raw]) => ({
        s,
        d,
        i,
        b,
        j: j === null ? null : JSON.parse(j),
        raw: raw === null ? null : Buffer.from(raw).toString("base64"),
      }));
      assertEquals(parsed as unknown, expected);
    }),
    { numRuns: 1_000 },
  );
});
