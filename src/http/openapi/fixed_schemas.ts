import { FENCE_PATTERN } from "./components.ts";
import { planSchemas } from "./plan_schemas.ts";
import type { Schema } from "./scalar_schema.ts";
import { count, flag, listOf, object, ref, text, textOrNull } from "./schema_parts.ts";

/** The schemas of the routes that every registry has. */
export function fixedSchemas(): Schema {
  return {
    BatchCall: {
      ...object({
        statement: text("The statement's name."),
        params: { type: "object", description: "As in the statement's own call." },
        fence: {
          ...text("`lock=number`, for a write: as the header Realmgate-Fence."),
          maxLength: 148,
          pattern: FENCE_PATTERN,
        },
      }, ["params", "fence"]),
      additionalProperties: false,
    },
    BatchResult: object({
      status: { type: "integer", description: "As the call alone would have answered." },
      body: { type: "object", description: "The call's answer, or its problem document." },
    }),
    StatementParameter: object({
      name: text("As in the SQL, without its colon."),
      type: text("As in the statement file, such as `bigint`."),
      required: flag("Whether a call must give it."),
      secret: flag("Whether it may stand in a body only."),
      min: text("The least value."),
      max: text("The greatest value."),
      maxLength: count("In characters, for bytes in bytes."),
      enum: listOf({ type: "string" }),
      example: text("A value to try."),
    }, ["min", "max", "maxLength", "enum", "example"]),
    StatementColumn: object({
      name: text("The member of a row."),
      type: text("How it is written, such as `bigint`."),
      nullable: flag("Whether it can be null."),
    }),
    Statement: object({
      name: text("As in `/v1/query/{name}`."),
      kind: { type: "string", enum: ["one", "many", "exec"] },
      description: text("The comment above its SQL."),
      scope: text("The scope that a key needs."),
      shard: text("As in `@shard`."),
      params: listOf(ref("StatementParameter")),
      columns: {
        type: ["array", "null"],
        items: ref("StatementColumn"),
        description: "Of its rows; null until a database told them.",
      },
      timeoutMs: count("How long it may run."),
      maxRows: count("How many rows it may answer."),
      available: flag("Whether it can run now."),
      unavailable: text("Why it cannot."),
      warnings: listOf({ type: "string" }),
      file: text("Admin scope: where it is written."),
      sql: text("Admin scope: its SQL."),
      plan: {
        anyOf: [ref("PlanNode"), { type: "null" }],
        description: "Admin scope: how a database would run it, by the first of `plans`.",
      },
      plans: { ...listOf(ref("Plan")), description: "Admin scope: by shards." },
      planChanges: {
        ...listOf(ref("PlanChange")),
        description: "Admin scope: shards whose plan became worse; the warnings say so too.",
      },
      commit: {
        anyOf: [
          object({
            shared: flag("Whether it shares its commit with other writes."),
            reason: textOrNull("Why not."),
          }),
          { type: "null" },
        ],
        description: "Admin scope: of a write the servers were asked about.",
      },
    }, ["unavailable", "file", "sql", "plan", "plans", "planChanges", "commit"]),
    ...planSchemas(),
    Route: object({
      statement: text("The statement's name."),
      shard: text("Where it would go; of several the names, with commas."),
      key: text("What the shard is chosen by, in its canonical form."),
      hash: { type: "integer", description: "The key's MurmurHash3." },
      bucket: { type: "integer", description: "The virtual bucket, where there are any." },
      node: textOrNull("The database that could answer now; null where none can, or several must."),
      epoch: textOrNull("Of the shard; null where there are several."),
      shards: listOf(object({
        shard: text("One that would be asked."),
        node: textOrNull("The database of it that could answer now."),
        epoch: text("Of the shard."),
      })),
      partition: textOrNull(
        "Of a table that is declared as partitioned, those that the call would touch, with commas; " +
          "null where there is no such table, or it cannot be told.",
      ),
      partitions: {
        ...listOf(ref("PartitionRoute")),
        description: "Of each such table; absent where there is none.",
      },
      cache: {
        ...object({
          name: text("The cache's."),
          key: text("The answer's, as an invalidation may name it."),
          state: {
            type: "string",
            enum: ["fresh", "stale", "absent", "bypassed"],
            description:
              "`fresh` and `stale` are answered; `absent` is loaded and kept; `bypassed` " +
              "is read from the primary and not kept.",
          },
        }),
        type: ["object", "null"],
        description: "What the answering isolate's cache has; null where none may answer.",
      },
      available: flag("Whether the statement can run now."),
      why: listOf({ type: "string" }),
    }, ["key", "hash", "bucket", "shards", "partitions"]),
    Node: object({
      name: text("Unique in the fleet."),
      role: { type: "string", enum: ["primary", "replica", "unknown"] },
      up: flag("Whether the last look found it."),
      writable: flag("Whether it takes writes; absent while unknown."),
      lagMs: { type: "number", description: "Behind the primary; absent while unknown." },
      position: text(
        "GTIDs: what a replica has applied, or the primary committed; absent while unknown.",
      ),
      semiSync: flag("Whether semi-synchronous replication is active; absent while unknown."),
      version: text("The server's."),
      probeMs: { type: "number", description: "How long the last look took." },
      observedAt: {
        type: "number",
        description: "When the last look began, in Unix milliseconds.",
      },
      connections: {
        ...object({ max: count("The server's limit."), used: count("In use.") }),
        description: "Of the server; absent while unknown.",
      },
      drained: {
        ...object({
          by: text("The name of the key."),
          at: count("When, in Unix milliseconds."),
        }),
        description: "Who took it out of routing; absent where nobody did.",
      },
      ejected: text("Why it takes no reads; absent where it may."),
    }, [
      "writable",
      "lagMs",
      "position",
      "semiSync",
      "version",
      "probeMs",
      "observedAt",
      "connections",
      "drained",
      "ejected",
    ]),
    Shard: object({
      name: text("As configured."),
      epoch: text("Grows with every change of primary; decimal digits."),
      primary: textOrNull("The node that takes writes."),
      status: { type: "string", enum: ["ok", "no_primary", "split_brain", "unknown"] },
      why: text("Why it has no primary."),
      nodes: listOf(ref("Node")),
    }, ["why"]),
    Topology: object({
      at: { type: "number", description: "When it was looked at, in Unix milliseconds." },
      shards: listOf(ref("Shard")),
    }),
    Readiness: object({
      status: { type: "string", enum: ["ok", "degraded", "unavailable"] },
      degraded: flag("Whether a part of what it needs is missing."),
      checks: object({
        phase: { type: "string", enum: ["starting", "serving", "stopping"] },
        shards: {
          type: "object",
          additionalProperties: {
            type: "string",
            enum: ["ok", "down", "no_primary", "split_brain", "unknown"],
          },
        },
        redis: { type: "string", enum: ["ok", "down"] },
      }),
    }),
  };
}
