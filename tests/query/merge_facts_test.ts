import { assertEquals } from "@std/assert";
import { mergeFacts } from "../../src/query/merge_facts.ts";
import type { StatementFacts } from "../../src/query/statement.ts";

const GOOD: StatementFacts = {
  columns: [{ name: "id", encoding: "bigint", nullable: false }],
  warnings: [],
  plan: "PRIMARY",
  tookMs: 1,
};
const REFUSED: StatementFacts = {
  columns: [],
  warnings: [],
  unavailable: "the table t does not exist",
  tookMs: 3,
};

Deno.test("mergeFacts says one thing when all shards do", () => {
  assertEquals(mergeFacts(new Map([["s1", GOOD], ["s2", { ...GOOD, tookMs: 2 }]])), {
    ...GOOD,
    tookMs: 2,
  });
});

Deno.test("mergeFacts names the shard when one refuses, and keeps the columns of another", () => {
  assertEquals(mergeFacts(new Map([["s1", REFUSED], ["s2", GOOD]])), {
    ...GOOD,
    unavailable: "the table t does not exist (shard s1)",
    tookMs: 3,
  });
});

Deno.test("mergeFacts warns when shards have other columns, and of each thing once", () => {
  const warned = { ...GOOD, warnings: ["full scan of t"] };
  const odd = { ...warned, columns: [] };
  assertEquals(mergeFacts(new Map([["s1", warned], ["s2", odd]]))?.warnings, [
    "full scan of t",
    "shard s2 has other result columns than the others",
  ]);
});

Deno.test("mergeFacts knows nothing when no shard was asked", () => {
  assertEquals(mergeFacts(new Map()), undefined);
});
