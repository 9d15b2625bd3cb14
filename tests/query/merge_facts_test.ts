import { assertEquals } from "@std/assert";
import { mergeFacts } from "../../src/query/merge_facts.ts";
import { describePlan } from "../../src/query/explained_plan.ts";
import type { ServerFacts } from "../../src/query/statement.ts";

const PLAN = describePlan({
  operation: "read",
  table: "t",
  access: "const",
  key: "PRIMARY",
  rows: 1,
  children: [],
});
const GOOD: ServerFacts = {
  columns: [{ name: "id", encoding: "bigint", nullable: false }],
  warnings: [],
  plan: PLAN,
  tookMs: 1,
};
const REFUSED: ServerFacts = {
  columns: [],
  warnings: [],
  unavailable: "the table t does not exist",
  tookMs: 3,
};

const { plan: _, ...COMMON } = GOOD;

Deno.test("mergeFacts says one thing, with each shard's plan, when all shards do", () => {
  assertEquals(mergeFacts(new Map([["s1", GOOD], ["s2", { ...GOOD, tookMs: 2 }]])), {
    ...COMMON,
    plans: [{ shard: "s1", ...PLAN }, { shard: "s2", ...PLAN }],
    tookMs: 2,
  });
});

Deno.test("mergeFacts names the shard when one refuses, and keeps the columns of another", () => {
  assertEquals(mergeFacts(new Map([["s1", REFUSED], ["s2", GOOD]])), {
    ...COMMON,
    plans: [{ shard: "s2", ...PLAN }],
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
