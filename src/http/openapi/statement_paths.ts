import { isBare } from "../../query/bound_param.ts";
import { describeShard } from "../../query/describe_shard.ts";
import type { ParamSpec, Statement, StatementFacts } from "../../query/statement.ts";
import { answerSchema, hasRows, idsOf } from "./answer_schema.ts";
import { rowSchema, sampleRow } from "./column_schema.ts";
import { CALL_HEADERS, callParameters, headerRefs } from "./components.ts";
import { bodyParamSchema, describeParam, paramExample, paramSchema } from "./param_schema.ts";
import { type ProblemName, problemRefs } from "./problems.ts";
import type { Schema } from "./scalar_schema.ts";
import { describeStatement, summarize } from "./statement_text.ts";

/** A statement and, once they are known, what the servers say of it. */
export interface DocumentedStatement {
  readonly statement: Statement;
  readonly facts?: StatementFacts | undefined;
}

const WITHOUT_BODY: readonly ProblemName[] = [
  "InvalidRequest",
  "Unauthenticated",
  "Forbidden",
  "UnknownStatement",
  "Conflict",
  "ResultTooLarge",
  "Internal",
  "ReadUnavailable",
  "DeadlineExceeded",
];

/** The path of a statement: `/v1/query/player.get`. */
export function statementPath(statement: Statement): string {
  return `/v1/${statement.kind === "exec" ? "exec" : "query"}/${statement.name}`;
}

/** The path item of a statement: GET where an address can carry its parameters, and POST. */
export function statementPathItem(documented: DocumentedStatement): Schema {
  const { statement } = documented;
  const get = canGet(statement);
  return {
    ...(get ? { get: operation(documented, "get") } : {}),
    post: operation(documented, get ? "second post" : "post"),
  };
}

/** The named schemas of a statement: its parameters and its rows. */
export function statementSchemas(documented: DocumentedStatement): Schema {
  const { statement, facts } = documented;
  return {
    ...(statement.params.length === 0 ? {} : {
      [`${statement.name}.Params`]: {
        type: "object",
        ...requiredOf(statement.params),
        properties: Object.fromEntries(
          statement.params.map((spec) => [
            spec.name,
            bodyParamSchema(counted(statement, spec), { nullable: isNullable(statement, spec) }),
          ]),
        ),
        additionalProperties: false,
      },
    }),
    ...(hasRows(documented)
      ? {
        [`${statement.name}.Row`]: facts === undefined || facts.columns.length === 0
          ? { type: "object", description: "Its columns are not known yet." }
          : rowSchema(facts.columns),
      }
      : {}),
  };
}

function operation(
  documented: DocumentedStatement,
  method: "get" | "post" | "second post",
): Schema {
  const { statement } = documented;
  const { name, kind } = statement;
  const post = method !== "get";
  const cached = statement.cache !== undefined;
  const headers = kind === "exec"
    ? [...CALL_HEADERS, "Realmgate-Token"] as const
    : cached
    ? [...CALL_HEADERS, "ETag"] as const
    : CALL_HEADERS;
  return {
    // A statement's name holds no colon, so no two operations share an id.
    operationId: method === "second post" ? `${name}:post` : name,
    summary: summarize(statement),
    description: describeStatement(documented),
    tags: [statementTag(statement)],
    security: [{ apiKey: [statement.scope] }],
    parameters: [
      ...(post ? [] : statement.params.flatMap((spec) => queryParameter(counted(statement, spec)))),
      ...callParameters({ writes: kind === "exec", cachedGet: cached && !post }),
    ],
    ...(post ? { requestBody: requestBody(statement) } : {}),
    responses: {
      200: {
        description: kind === "exec"
          ? "What the write did."
          : kind === "one"
          ? "The row, or null where there is none."
          : `The rows; at most ${statement.maxRows}.`,
        headers: headerRefs(headers),
        content: {
          "application/json": { schema: answerSchema(documented), ...answerExample(documented) },
        },
      },
      ...(cached && !post ? { 304: { $ref: "#/components/responses/NotModified" } } : {}),
      ...problemRefs(WITHOUT_BODY),
      ...(post ? problemRefs(["TooLarge", "UnsupportedMediaType"]) : {}),
      ...(kind === "exec" ? problemRefs(["StaleFence", "WriteUnavailable"]) : {}),
    },
    "x-realmgate": {
      statement: name,
      kind,
      scope: statement.scope,
      shard: describeShard(statement.shard),
      consistency: kind === "exec" ? "strong" : statement.consistency,
      ...(statement.cache === undefined ? {} : { cache: statement.cache.name }),
      timeoutMs: statement.timeoutMs,
      retry: statement.retry || kind !== "exec",
      available: documented.facts?.unavailable === undefined,
    },
  };
}

/** The part of a statement's name before its first dot. */
export function statementTag(statement: Statement): string {
  return statement.name.split(".", 1)[0] ?? statement.name;
}

function queryParameter(spec: ParamSpec): readonly Schema[] {
  if (needsBody(spec)) return [];
  const text = describeParam(spec);
  return [{
    name: spec.name,
    in: "query",
    ...(spec.default === undefined ? { required: true } : {}),
    ...(text === "" ? {} : { description: text }),
    schema: paramSchema(spec, "query"),
    example: paramExample(spec),
  }];
}

function requestBody({ name, params }: Statement): Schema {
  if (params.length === 0) {
    const schema = {
      type: "object",
      properties: { params: { type: "object", additionalProperties: false } },
      additionalProperties: false,
    };
    return { content: { "application/json": { schema, example: {} } } };
  }
  const required = params.some((spec) => spec.default === undefined);
  return {
    required,
    content: {
      "application/json": {
        schema: {
          type: "object",
          ...(required ? { required: ["params"] } : {}),
          properties: { params: { $ref: `#/components/schemas/${name}.Params` } },
          additionalProperties: false,
        },
        example: { params: exampleParams(params) },
      },
    },
  };
}

function answerExample(documented: DocumentedStatement): Schema {
  const { statement, facts } = documented;
  const row = sampleRow(facts?.columns ?? [], exampleParams(statement.params));
  const known = facts !== undefined && facts.columns.length > 0;
  if (statement.kind === "exec") {
    const ids = idsOf(statement.params).map((name) => [name, "118613836800000000"]);
    return {
      example: {
        affectedRows: 1,
        insertId: null,
        ...(ids.length === 0 ? {} : { generated: Object.fromEntries(ids) }),
        ...(known ? { rows: [row] } : {}),
      },
    };
  }
  return known ? { example: { data: statement.kind === "one" ? row : [row] } } : {};
}

/** Values for a body or an address that the statement takes. */
export function exampleParams(params: readonly ParamSpec[]): Schema {
  return Object.fromEntries(
    params.filter((spec) => spec.default === undefined || spec.example !== undefined)
      .map((spec) => [spec.name, paramExample(spec)]),
  );
}

/** Whether an address can carry a call of it. */
export function canGet({ kind, params }: Statement): boolean {
  return kind !== "exec" &&
    params.every((spec) => !spec.secret && (!needsBody(spec) || spec.default !== undefined));
}

function needsBody({ type }: ParamSpec): boolean {
  return type.kind === "json" || type.kind === "rows";
}

/** A parameter in LIMIT or OFFSET is never negative. */
function counted(statement: Statement, spec: ParamSpec): ParamSpec {
  return spec.min === undefined && isBare(statement, spec.name) ? { ...spec, min: "0" } : spec;
}

/** `null` is a value for every parameter but lists, the shard's key and those in LIMIT. */
function isNullable(statement: Statement, { name, type }: ParamSpec): boolean {
  const { shard } = statement;
  const routes = shard.by === "key" && shard.param === name;
  return !routes && !isBare(statement, name) && type.kind !== "array" && type.kind !== "rows";
}

function requiredOf(params: readonly ParamSpec[]): Schema {
  const required = params.filter((spec) => spec.default === undefined).map(({ name }) => name);
  return required.length === 0 ? {} : { required };
}
