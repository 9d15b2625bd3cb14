import { operation } from "./operation.ts";
import { type ProblemName, problemRefs } from "./problems.ts";
import type { Schema } from "./scalar_schema.ts";
import { listOf, object, ref } from "./schema_parts.ts";

const ERRORS: readonly ProblemName[] = [
  "Unauthenticated",
  "Forbidden",
  "Internal",
  "BatchUnavailable",
];

/** The routes that tell how the fleet does. */
export function monitorPaths(): Schema {
  return {
    "/v1/monitor/health": get("getHealth", "How databases and processes do.", {
      description: "Every database server, and every process of the fleet with its isolates. One " +
        "that dies is `silent` within some seconds, and forgotten after ten minutes.",
      members: {
        shards: listOf(ref("ShardHealth")),
        nodes: listOf(ref("DBHealthStatus")),
        processes: listOf(ref("Process")),
      },
    }),
    "/v1/monitor/queries": get("getQueries", "How statements do.", {
      description: "Every statement on every shard, over all isolates; and calls that took long, " +
        "their parameters named, not told.",
      members: {
        statements: listOf(ref("QueryMetrics")),
        slow: listOf(ref("SlowSample")),
      },
    }),
    "/v1/monitor/pools": get("getPools", "How connection pools do.", {
      description: "Each node's pools, of all isolates that are alive together, and one by one.",
      members: { pools: listOf(ref("NodePools")) },
    }),
    "/v1/monitor/alerts": get("getAlerts", "What an operator should know.", {
      description: "What is raised, and what was cleared within the last hour; the newest first.",
      members: { alerts: listOf(ref("Alert")) },
    }),
  };
}

function get(
  id: string,
  summary: string,
  options: { readonly description: string; readonly members: Schema },
): Schema {
  const { description, members } = options;
  const schema = object({
    at: { type: "integer", description: "When this was known, in Unix milliseconds." },
    fleet: { type: "string", description: "As configured." },
    scope: {
      type: "string",
      enum: ["fleet", "process"],
      description: "`process` while Redis is away: then the answering process speaks for itself.",
    },
    ...members,
  });
  return {
    get: {
      ...operation(id, summary, { tag: "Operations", description, scope: "read" }),
      responses: {
        200: { description: "As asked.", content: { "application/json": { schema } } },
        ...problemRefs(ERRORS),
      },
    },
  };
}
