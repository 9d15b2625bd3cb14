import { headerRefs } from "./components.ts";
import { operation } from "./operation.ts";
import { type ProblemName, problemRefs } from "./problems.ts";
import type { Schema } from "./scalar_schema.ts";

/** The tags of the fixed routes; capital letters keep them apart from statements' own. */
export const FIXED_TAGS: readonly Schema[] = [
  { name: "Batch", description: "Several calls in one request." },
  { name: "Registry", description: "What statements there are and where they go." },
  { name: "Operations", description: "The fleet's state, for people and orchestrators." },
];

const READ_ERRORS: readonly ProblemName[] = ["Unauthenticated", "Forbidden", "Internal"];
const ref = (name: string): Schema => ({ $ref: `#/components/schemas/${name}` });
const parameter = (name: string): Schema => ({ $ref: `#/components/parameters/${name}` });
const json = (schema: Schema): Schema => ({ "application/json": { schema } });
const listOf = (name: string, member: string): Schema => ({
  type: "object",
  required: [member],
  properties: { [member]: { type: "array", items: ref(name) } },
});

const STATEMENT_NAME: Schema = {
  name: "statement",
  in: "path",
  required: true,
  description: "The statement's name.",
  schema: { type: "string", maxLength: 100 },
};

const METRICS_EXAMPLE = `# HELP realmgate_calls_total Calls that ended, with whatever.
# TYPE realmgate_calls_total counter
realmgate_calls_total{statement="player.get",shard="s1",kind="read"} 1027
`;

/** `example` is a call that the registry can answer, or `undefined` where it is empty. */
export function fixedPaths(
  example: { readonly statement: string; readonly params: Schema } | undefined,
): Schema {
  const call = example ?? { statement: "player.get", params: { playerId: "42" } };
  const named = { ...STATEMENT_NAME, example: call.statement };
  return {
    "/v1/batch": { post: batch(call) },
    "/v1/statements": {
      get: read("listStatements", "All statements.", {
        tag: "Registry",
        description: "The registry. The admin scope also sees each statement's SQL and plan.",
        answer: listOf("Statement", "statements"),
        errors: READ_ERRORS,
      }),
    },
    "/v1/statements/{statement}": {
      parameters: [named],
      get: read("getStatement", "One statement.", {
        tag: "Registry",
        description: "The admin scope also sees its SQL and plan.",
        answer: ref("Statement"),
        errors: [...READ_ERRORS, "UnknownStatement"],
      }),
    },
    "/v1/route/{statement}": {
      parameters: [named],
      get: {
        ...read("getRoute", "Where a call would go, and why.", {
          tag: "Registry",
          description:
            "A dry run: the statement is not run. A database is asked for its plan only " +
            "where a table is declared as partitioned. The key needs the statement's scope as well.",
          answer: ref("Route"),
          errors: [...READ_ERRORS, "InvalidRequest", "UnknownStatement", "StatementUnavailable"],
        }),
        parameters: [{
          name: "params",
          in: "query",
          description: "The statement's parameters, each under its own name.",
          style: "form",
          explode: true,
          schema: { type: "object", additionalProperties: true },
          example: call.params,
        }],
      },
    },
    "/v1/topology": {
      get: read("getTopology", "Shards and their databases.", {
        tag: "Operations",
        description: "Roles, lag and epochs as the answering isolate sees them.",
        answer: ref("Topology"),
        errors: READ_ERRORS,
      }),
    },
    "/metrics": {
      get: {
        ...operation("getMetrics", "What this process did, for Prometheus.", {
          tag: "Operations",
          scope: "read",
          description: "All isolates of the process together, whichever answers, in Prometheus's " +
            "text format. It asks for no key where the configuration says so.",
        }),
        responses: {
          200: {
            description: "Families of metrics, each with its help and its type.",
            content: {
              "text/plain": {
                schema: { type: "string" },
                example: METRICS_EXAMPLE,
              },
            },
          },
          ...problemRefs(READ_ERRORS),
        },
      },
    },
    "/v1/events": { get: events() },
    "/admin": {
      get: probe("admin", "The operator's page.", {
        200: {
          description: "A page without data, which asks for a key and listens to `/v1/events`.",
          content: { "text/html": { schema: { type: "string" } } },
        },
      }),
    },
    "/livez": {
      get: probe("live", "Whether the process answers.", {
        200: {
          description: "It does.",
          content: json({
            type: "object",
            required: ["status"],
            properties: { status: { type: "string", enum: ["ok"] } },
          }),
        },
      }),
    },
    "/readyz": {
      get: probe("ready", "Whether it should get traffic.", {
        200: {
          description: "It should; `degraded` if a shard or Redis is down.",
          content: json(ref("Readiness")),
        },
        503: {
          description: "Not now: it starts, stops, or reaches no shard.",
          headers: headerRefs(["Retry-After"]),
          content: json(ref("Readiness")),
        },
      }),
    },
  };
}

function events(): Schema {
  return {
    ...operation("events", "The fleet as it changes, as server-sent events.", {
      tag: "Operations",
      scope: "read",
      description:
        "`fleet` each second: a view of all that is known of the fleet, as JSON. `alert`, " +
        "with an id: one that was raised or cleared since the view before. A client that is slow " +
        "gets fewer views, and every alert. An isolate has at most 32 such streams.",
    }),
    parameters: [{
      name: "Last-Event-ID",
      in: "header",
      description: "The id of the last `alert` that was received: those behind it come again.",
      schema: { type: "string", maxLength: 200 },
    }],
    responses: {
      200: {
        description: "Until the client leaves, or the service stops.",
        content: { "text/event-stream": { schema: { type: "string" } } },
      },
      ...problemRefs([...READ_ERRORS, "BatchUnavailable"]),
    },
  };
}

function batch(call: { readonly statement: string; readonly params: Schema }): Schema {
  return {
    operationId: "realmgate:batch",
    summary: "Up to 100 calls at once.",
    description: "They run concurrently, each on its own: one that fails does not undo the " +
      "others. The results stand in the calls' order. Each call needs its statement's scope.",
    tags: ["Batch"],
    parameters: [
      "Realmgate-Consistency",
      "Realmgate-Token",
      "Realmgate-Deadline-Ms",
      "X-Request-Id",
    ].map(parameter),
    requestBody: {
      required: true,
      content: {
        "application/json": {
          schema: {
            type: "object",
            required: ["calls"],
            properties: {
              calls: { type: "array", minItems: 1, maxItems: 100, items: ref("BatchCall") },
            },
            additionalProperties: false,
          },
          example: { calls: [call] },
        },
      },
    },
    responses: {
      200: {
        description: "Each call's answer or problem document.",
        headers: headerRefs(["Cache-Control", "Realmgate-Token", "X-Request-Id"]),
        content: json(listOf("BatchResult", "results")),
      },
      ...problemRefs([
        "InvalidRequest",
        "Unauthenticated",
        "PayloadTooLarge",
        "UnsupportedMediaType",
        "Internal",
        "BatchUnavailable",
        "DeadlineExceeded",
      ]),
    },
  };
}

function read(id: string, summary: string, options: {
  readonly tag: string;
  readonly description: string;
  readonly answer: Schema;
  readonly errors: readonly ProblemName[];
}): Schema {
  const { tag, description, answer, errors } = options;
  return {
    ...operation(id, summary, { tag, description, scope: "read" }),
    responses: {
      200: { description: "As asked.", content: json(answer) },
      ...problemRefs(errors),
    },
  };
}

/** Probes take no key; what the listener itself refuses is the only error of the caller's. */
function probe(id: string, summary: string, responses: Schema): Schema {
  return {
    operationId: `realmgate:${id}`,
    summary,
    tags: ["Operations"],
    security: [],
    responses: {
      ...responses,
      431: { description: "More than some 20 kB of headers over HTTP/2." },
    },
  };
}
