import type { Schema } from "./scalar_schema.ts";
import { count, listOf, object, ref, text } from "./schema_parts.ts";

/** The schemas of plans and their changes, which the admin scope sees. */
export function planSchemas(): Schema {
  return {
    PlanNode: object({
      operation: {
        type: "string",
        description: "`read`, `update`, `join`, `sort`, `temporary table`, … as EXPLAIN tells.",
      },
      table: text("As the statement calls it."),
      access: text("How rows are found: `const`, `eq_ref`, `ref`, `range`, `index`, `ALL`, …"),
      key: text("The index that is used."),
      keyParts: {
        ...listOf({ type: "string" }),
        description: "Its columns by which rows are found.",
      },
      possibleKeys: { ...listOf({ type: "string" }), description: "Indexes that were considered." },
      partitions: count("How many partitions are read."),
      rows: { type: "number", description: "Rows that are examined, as the database estimates." },
      filtered: { type: "number", description: "How many per cent of them are what is sought." },
      extra: { ...listOf({ type: "string" }), description: "What else it says, in words." },
      children: { ...listOf(ref("PlanNode")), description: "What it works on, in their order." },
    }, [
      "table",
      "access",
      "key",
      "keyParts",
      "possibleKeys",
      "partitions",
      "rows",
      "filtered",
      "extra",
    ]),
    Plan: object({
      shards: { ...listOf({ type: "string" }), description: "Those that have this plan." },
      summary: text("The plan in a word or two for each table, such as `PRIMARY`."),
      fingerprint: text("The same for plans of one shape, however many rows they examine."),
      plan: ref("PlanNode"),
    }, ["summary"]),
    PlanReport: object({
      summary: text("The plan in a word or two for each table."),
      fingerprint: text("Of its shape."),
      rows: count("Rows that all of it examines, as the database estimates."),
    }),
    PlanChange: object({
      shard: text("Where the plan became worse."),
      from: ref("PlanReport"),
      to: ref("PlanReport"),
      why: { ...listOf({ type: "string" }), description: "In what it is worse." },
      since: { type: "number", description: "When that was first seen, in Unix milliseconds." },
    }),
  };
}
