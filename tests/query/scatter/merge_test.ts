import { assertEquals, assertThrows } from "@std/assert";
import fc from "fast-check";
import { RealmgateError } from "../../../src/core/errors.ts";
import { joinKeys } from "../../../src/query/scatter/join_keys.ts";
import { mergeAggregates } from "../../../src/query/scatter/merge_aggregates.ts";
import { mergeOrdered } from "../../../src/query/scatter/merge_order.ts";
import { columnsOf, rowsOf } from "./columns.ts";

const ORDER = [{ name: "xp", descending: true }, { name: "id", descending: false }];
const COLUMNS = columnsOf({ id: 8, xp: 8 });

type Pair = readonly [id: string, xp: string];

function before([id, xp]: Pair, [otherId, otherXp]: Pair): number {
  const byXp = BigInt(otherXp) - BigInt(xp);
  const byId = BigInt(id) - BigInt(otherId);
  const sign = byXp !== 0n ? byXp : byId;
  return sign < 0n ? -1 : sign > 0n ? 1 : 0;
}

Deno.test("mergeOrdered takes what one sort of all shards' rows would take", () => {
  const number = fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n }).map(String);
  const few = fc.integer({ min: -3, max: 3 }).map(String);
  const shard = fc.array(fc.tuple(fc.oneof(number, few), fc.oneof(number, few)), { maxLength: 12 });
  fc.assert(fc.property(
    fc.array(shard, { maxLength: 5 }),
    fc.integer({ min: 0, max: 30 }),
    (shards, limit) => {
      const sorted = shards.map((rows) => rows.toSorted(before));
      const merged = mergeOrdered(sorted.map((rows) => rowsOf(COLUMNS, rows)), {
        order: ORDER,
        limit,
      });
      const expected = sorted.flat().toSorted(before).slice(0, limit);
      assertEquals(merged.map(({ row }) => row as Pair), expected);
    },
  ));
});

Deno.test("mergeOrdered keeps the shards' order where the order says nothing, and NULL comes first", () => {
  const columns = columnsOf({ shard: 3, xp: 246 });
  const merged = mergeOrdered([
    rowsOf(columns, [[1, null], [1, "2.50"], [1, "10.00"]]),
    rowsOf(columns, [[2, null], [2, "-1.00"], [2, "2.50"]]),
  ], { order: [{ name: "xp", descending: false }], limit: 10 });
  assertEquals(merged.map(({ row }) => row), [
    [1, null],
    [2, null],
    [2, "-1.00"],
    [1, "2.50"],
    [2, "2.50"],
    [1, "10.00"],
  ]);
});

Deno.test("mergeOrdered sorts texts by their characters and pads them, and times by all their digits", () => {
  const texts = ["a\t", "a", "B", "é", "😀", "\uffff"];
  const merged = mergeOrdered(texts.map((text) => rowsOf(columnsOf({ name: 253 }), [[text]])), {
    order: [{ name: "name", descending: false }],
    limit: 10,
  });
  assertEquals(merged.map(({ row }) => row[0]), ["B", "a\t", "a", "é", "\uffff", "😀"]);
  const times = ["2026-01-01 00:00:00.5", "2026-01-01 00:00:00", "2026-01-01 00:00:00.050"];
  const instants = mergeOrdered(times.map((time) => rowsOf(columnsOf({ at: 12 }), [[time]])), {
    order: [{ name: "at", descending: false }],
    limit: 10,
  });
  assertEquals(instants.map(({ row }) => row[0]), [times[1], times[2], times[0]]);
});

Deno.test("mergeAggregates sums exactly, and takes the least and the greatest", () => {
  const columns = columnsOf({ total: 246, players: 8, least: 8, last: 12, ratio: 5 });
  const merged = mergeAggregates([
    rowsOf(columns, [["9007199254740993.05", "3", "-2", "2026-01-01 00:00:00", 0.5]]),
    rowsOf(columns, [[null, "0", null, null, null]]),
    rowsOf(columns, [["-0.10", "4", "-10", "2026-01-02 00:00:00", 0.25]]),
  ], { total: "sum", players: "sum", least: "min", last: "max", ratio: "sum" });
  assertEquals(merged.map(({ row }) => row), [
    ["9007199254740992.95", "7", "-10", "2026-01-02 00:00:00", 0.75],
  ]);
  const none = rowsOf(columnsOf({ total: 246 }), [[null]]);
  assertEquals(mergeAggregates([none, none], { total: "sum" })[0]?.row, [null]);
  assertEquals(mergeAggregates([], { total: "sum" }), []);
  const small = columnsOf({ total: 246 });
  const sum = mergeAggregates([rowsOf(small, [["-0.04"]]), rowsOf(small, [["0.01"]])], {
    total: "sum",
  });
  assertEquals(sum[0]?.row, ["-0.03"]);
  const large = rowsOf(columnsOf({ ratio: 5 }), [[1.7e308]]);
  assertThrows(
    () => mergeAggregates([large, large], { ratio: "sum" }),
    RealmgateError,
    "Cannot sum ratio",
  );
});

Deno.test("joinKeys answers in the order of the keys and says which have no row", () => {
  const columns = columnsOf({ id: 8, item: 253 });
  const { rows, missingKeys } = joinKeys([
    rowsOf(columns, [["1", "axe"], ["3", "bow"], ["1", "cap"]]),
    rowsOf(columns, [["2", "dirk"], ["9", "extra"]]),
  ], { keys: ["2", "4", "1", "3"], column: "id", keyOf: (key) => key });
  assertEquals(rows.map(({ row }) => row[1]), ["dirk", "axe", "cap", "bow", "extra"]);
  assertEquals(missingKeys, ["4"]);
  const names = columnsOf({ name: 253 });
  const folded = joinKeys([rowsOf(names, [["ANN"], ["bea"]])], {
    keys: ["Bea", "Cid", "Ann"],
    column: "name",
    keyOf: (key) => key.toLowerCase(),
  });
  assertEquals(folded.rows.map(({ row }) => row[0]), ["bea", "ANN"]);
  assertEquals(folded.missingKeys, ["Cid"]);
  assertThrows(
    () => joinKeys([rowsOf(columns, [["1", "a"]])], { keys: [], column: "key", keyOf: String }),
    TypeError,
    "the result must have the column key",
  );
});
