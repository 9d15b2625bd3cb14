import type { ParamSpec, Statement } from "../../query/statement.ts";
import { bodyParamSchema } from "./param_schema.ts";
import { bigintSchema, nullable, type Schema } from "./scalar_schema.ts";
import type { DocumentedStatement } from "./statement_paths.ts";

/** The schema of a statement's answer. */
export function answerSchema(documented: DocumentedStatement): Schema {
  const { statement } = documented;
  const { name, kind } = statement;
  const row = { $ref: `#/components/schemas/${name}.Row` };
  switch (kind) {
    case "one":
      return collected(statement, { data: { anyOf: [row, { type: "null" }] } });
    case "many":
      return collected(statement, { data: { type: "array", items: row } });
    case "exec":
      return writeSchema(documented, row);
  }
}

/** An answer with what a page, a split list or a partial one adds to it. */
function collected({ merge, shard, partialOmit, params }: Statement, data: Schema): Schema {
  const list = params.find(({ name }) => shard.by === "each" && name === shard.param);
  const properties = {
    ...data,
    ...(merge?.by === "order" && merge.after !== undefined
      ? {
        next: {
          ...nullable({ type: "string" }),
          description: `The next page's \`${merge.after}\`; null behind the last page.`,
        },
      }
      : {}),
    ...(list === undefined ? {} : {
      missingKeys: {
        ...bodyParamSchema(list, { nullable: false }),
        description: `Those of \`${list.name}\` that have no row.`,
      },
    }),
    ...(partialOmit
      ? {
        missing: {
          type: "array",
          items: { type: "string" },
          description: "Shards that did not answer and were left out; absent where all did.",
        },
      }
      : {}),
  };
  const required = Object.keys(properties).filter((name) => name !== "missing");
  return { ...object(properties), required };
}

function writeSchema(documented: DocumentedStatement, row: Schema): Schema {
  const { required, properties, ...schema } = object({
    affectedRows: { type: "integer", format: "int64", minimum: 0 },
    insertId: nullable(bigintSchema({ natural: true })),
    ...(hasRows(documented) ? { rows: { type: "array", items: row } } : {}),
  });
  const ids = idsOf(documented.statement.params);
  const generated = {
    type: "object",
    description: "The ids that were made, where the call left them out.",
    properties: Object.fromEntries(ids.map((name) => [name, bigintSchema({ natural: true })])),
    additionalProperties: false,
  };
  return {
    ...schema,
    required,
    properties: { ...properties, ...(ids.length === 0 ? {} : { generated }) },
  };
}

/** The parameters whose ids the service makes where a call leaves them out. */
export function idsOf(params: readonly ParamSpec[]): readonly string[] {
  return params.flatMap((spec) => spec.default?.kind === "id" ? [spec.name] : []);
}

/** Reads answer rows; a write does where it has RETURNING, which its columns tell. */
export function hasRows({ statement, facts }: DocumentedStatement): boolean {
  return statement.kind !== "exec" || (facts?.columns.length ?? 0) > 0;
}

function object(
  properties: Schema,
): { readonly type: "object"; readonly required: readonly string[]; readonly properties: Schema } {
  return { type: "object", required: Object.keys(properties), properties };
}
