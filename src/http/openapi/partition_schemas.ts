import { object } from "./lock_schemas.ts";
import type { Schema } from "./scalar_schema.ts";

const text = (description: string): Schema => ({ type: "string", description });
const count = (description: string): Schema => ({ type: "integer", minimum: 0, description });
const instant = (description: string): Schema => ({
  type: "string",
  format: "date-time",
  description,
});
const listOf = (name: string): Schema => ({
  type: "array",
  items: { $ref: `#/components/schemas/${name}` },
});

/** A declared table's members; `shards` come with what is done there. */
const TABLE: Schema = {
  table: text("As it is declared."),
  by: { type: "string", enum: ["range", "list", "hash", "key"] },
  column: text("What its partitions are made by."),
  period: {
    type: "string",
    enum: ["hour", "day", "week", "month"],
    description: "Of a range by time: how long one is.",
  },
  aheadMs: count("Of a range by time: how far ahead there must be partitions."),
  keepMs: {
    type: ["integer", "null"],
    description: "Of a range by time: how long rows are kept; null for ever.",
  },
  shards: listOf("PartitionedShard"),
};
const RANGES_ONLY = ["period", "aheadMs", "keepMs"];

/** The schemas of the partitions' routes. */
export function partitionSchemas(): Schema {
  return {
    PartitionedTable: object(TABLE, RANGES_ONLY),
    MaintainedTable: object({
      dryRun: { type: "boolean", description: "Whether nothing was meant to be changed." },
      ...TABLE,
    }, RANGES_ONLY),
    PartitionedShard: object({
      shard: text("As configured."),
      node: { type: ["string", "null"], description: "The primary that was asked." },
      status: {
        type: "string",
        enum: ["ok", "due", "blocked", "unreachable"],
        description: "`due`: the plan has steps. `blocked`: a problem leaves something undone.",
      },
      partitions: listOf("Partition"),
      plan: object({ steps: listOf("PartitionStep"), problems: listOf("PartitionProblem") }),
    }),
    Partition: object({
      name: text("On the server."),
      until: {
        ...instant("Of a range by time: what it ends before; null for a catch-all."),
        type: ["string", "null"],
      },
      values: text("Of a list: its values, as the server writes them."),
      rows: count("About how many it has."),
    }, ["until", "values"]),
    PartitionStep: object({
      action: { type: "string", enum: ["add", "drop"] },
      partition: text("Its name."),
      until: instant("What it ends before."),
      outcome: {
        type: "string",
        enum: ["planned", "done", "busy", "refused", "unknown"],
        description: "`planned`: not tried. `busy`: the table was in use each time; it is tried " +
          "again with the next upkeep. `refused`: by the server. `unknown`: sent and not answered.",
      },
      tookMs: count("How long it took, with its waits."),
      why: text("Why it was refused."),
      sql: {
        type: "array",
        items: { type: "string" },
        description: "Admin scope: its statements; the first runs while the table is locked.",
      },
    }, ["tookMs", "why", "sql"]),
    PartitionProblem: object({
      code: {
        type: "string",
        enum: [
          "unreachable",
          "internal",
          "not_found",
          "not_understood",
          "clock_differs",
          "missing_privilege",
          "catch_all_filled",
          "name_taken",
          "foreign_partitions",
          "gap",
          "more_to_add",
          "more_to_drop",
        ],
        description: "Stable; branch on it.",
      },
      detail: text("What is wrong and what to do, for people."),
      blocks: { type: "boolean", description: "Whether it leaves something undone." },
    }),
    PartitionRoute: object({
      table: text("As it is declared."),
      partitions: {
        type: ["array", "null"],
        items: { type: "string" },
        description: "Those that the call would touch; null where it cannot be told.",
      },
      of: { type: ["integer", "null"], description: "How many the table has." },
      why: text("How that is known, or why it is not."),
    }),
  };
}
