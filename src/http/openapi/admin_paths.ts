import { operation as operationOf } from "./operation.ts";
import { type ProblemName, problemRefs } from "./problems.ts";
import type { Schema } from "./scalar_schema.ts";
import { flag, listOf, object, ref } from "./schema_parts.ts";

const COMMON: readonly ProblemName[] = [
  "Unauthenticated",
  "Forbidden",
  "Internal",
  "InvalidRequest",
  "RedisUnavailable",
  "DeadlineExceeded",
];
const CALLER = ["Realmgate-Deadline-Ms", "X-Request-Id"] as const;

/** The routes by which operators act on a fleet, and see what they did. */
export function adminPaths(): Schema {
  return {
    "/v1/admin/nodes/{node}/drain": {
      parameters: [{
        name: "node",
        in: "path",
        required: true,
        description: "The database's name, as it is configured.",
        schema: { type: "string", maxLength: 63 },
        example: "s1b",
      }],
      post: {
        ...operation("drainNode", "Take a replica out of routing, or back.", {
          description:
            "No new read goes to it, in the whole fleet; those under way finish. It is " +
            "kept in Redis, and stays in force through restarts until it is taken back. The answer " +
            "comes once the answering process goes by it. Should the node become its shard's " +
            "primary, it takes writes all the same; the present primary cannot be drained. Sent " +
            "again it changes nothing.",
        }),
        requestBody: {
          required: true,
          content: {
            "application/json": {
              schema: {
                ...object({ drain: flag("Whether to take it out, or back.") }),
                additionalProperties: false,
              },
              example: { drain: true },
            },
          },
        },
        ...answers(ref("DrainedNode"), [
          ...COMMON,
          "NoNode",
          "PayloadTooLarge",
          "UnsupportedMediaType",
        ]),
      },
    },
    "/v1/admin/audit": {
      get: {
        ...operation("getAudit", "What operators did.", {
          description: "The newest first: nodes that were drained and taken back, locks that " +
            "were released by force, partitions that were kept up by a call, and caches that " +
            "were invalidated by a key with the admin scope. The last 10,000 or so are kept.",
          parameters: [{
            name: "limit",
            in: "query",
            description: "How many at most.",
            schema: { type: "integer", minimum: 1, maximum: 500, default: 50 },
          }],
        }),
        ...answers(object({ entries: listOf(ref("AuditEntry")) }), COMMON),
      },
    },
  };
}

function operation(
  id: string,
  summary: string,
  options: { readonly description: string; readonly parameters?: readonly Schema[] },
): Schema {
  const { description, parameters = [] } = options;
  return {
    ...operationOf(id, summary, { tag: "Operations", scope: "admin", description }),
    parameters: [
      ...parameters,
      ...CALLER.map((name) => ({ $ref: `#/components/parameters/${name}` })),
    ],
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
