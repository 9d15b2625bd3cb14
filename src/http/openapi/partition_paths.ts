import { object } from "./lock_schemas.ts";
import { operation as operationOf } from "./operation.ts";
import { type ProblemName, problemRefs } from "./problems.ts";
import type { Schema } from "./scalar_schema.ts";

const COMMON: readonly ProblemName[] = [
  "Unauthenticated",
  "Forbidden",
  "Internal",
  "InvalidRequest",
  "DeadlineExceeded",
];
const CALLER = ["Realmgate-Deadline-Ms", "X-Request-Id"] as const;

/** The routes of the partitioned tables; their tag is that of the fleet's operations. */
export function partitionPaths(): Schema {
  return {
    "/v1/partitions": {
      get: {
        ...operation("getPartitions", "Partitioned tables and what is to be done to them.", {
          scope: "read",
          description: "Each declared table on each shard's primary, as it is now, and what its " +
            "upkeep would do. The statements are shown to the admin scope only.",
        }),
        ...answers(
          object({
            tables: { type: "array", items: { $ref: "#/components/schemas/PartitionedTable" } },
          }),
          [...COMMON, "BatchUnavailable"],
        ),
      },
    },
    "/v1/partitions/{table}/maintain": {
      parameters: [{
        name: "table",
        in: "path",
        required: true,
        description: "The table's name, as it is declared.",
        schema: { type: "string", maxLength: 64 },
        example: "event_log",
      }],
      post: {
        ...operation("maintainPartitions", "Make partitions ahead, and drop old ones.", {
          scope: "admin",
          description: "What the schedule does by itself, now: one statement a partition, on one " +
            "shard after the other. It stops between two statements when its time is over; the " +
            "answer tells what was done. **Dropping a partition deletes its rows**: see the plan " +
            "first, with `dryRun`.",
        }),
        requestBody: {
          required: false,
          content: {
            "application/json": {
              schema: {
                ...object({
                  dryRun: { type: "boolean", description: "Whether to tell only. Default: false." },
                }, ["dryRun"]),
                additionalProperties: false,
              },
              example: { dryRun: true },
            },
          },
        },
        ...answers({ $ref: "#/components/schemas/MaintainedTable" }, [
          ...COMMON,
          "NoPartitionedTable",
          "LockHeld",
          "LockUnavailable",
          "PayloadTooLarge",
          "UnsupportedMediaType",
        ]),
      },
    },
  };
}

function operation(
  id: string,
  summary: string,
  options: Omit<Parameters<typeof operationOf>[2], "tag">,
): Schema {
  return {
    ...operationOf(id, summary, { tag: "Operations", ...options }),
    parameters: CALLER.map((name) => ({ $ref: `#/components/parameters/${name}` })),
  };
}

function answers(schema: Schema, errors: readonly ProblemName[]): Schema {
  return {
    responses: {
      200: { description: "As asked.", content: { "application/json": { schema } } },
      ...problemRefs(errors),
    },
  };
}
