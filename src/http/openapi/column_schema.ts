import type { ColumnEncoding, ResultColumn } from "../../query/statement.ts";
import { bigintSchema, nullable, type Schema } from "./scalar_schema.ts";

const UNSIGNED_OR_SIGNED = "^-?[0-9]{1,20}$";

/** How each encoding stands in a row of an answer, and a value of it. */
const ENCODINGS: Readonly<
  Record<ColumnEncoding, { readonly schema: Schema; readonly sample: unknown }>
> = {
  integer: { schema: { type: "integer", format: "int64" }, sample: 1 },
  bigint: { schema: { ...bigintSchema(), pattern: UNSIGNED_OR_SIGNED }, sample: "42" },
  decimal: {
    schema: { type: "string", format: "decimal", pattern: "^-?[0-9]+(\\.[0-9]+)?$" },
    sample: "12.50",
  },
  double: { schema: { type: "number", format: "double" }, sample: 0.5 },
  bool: { schema: { type: "boolean" }, sample: true },
  string: { schema: { type: "string" }, sample: "text" },
  bytes: { schema: { type: "string", contentEncoding: "base64" }, sample: "cmVhbG0=" },
  datetime: { schema: { type: "string", format: "date-time" }, sample: "2026-01-31T12:00:00.000Z" },
  date: { schema: { type: "string", format: "date" }, sample: "2026-01-31" },
  time: {
    schema: { type: "string", pattern: "^-?[0-9]{2,3}:[0-9]{2}:[0-9]{2}(\\.[0-9]{1,6})?$" },
    sample: "12:00:00",
  },
  json: { schema: { description: "Any JSON value." }, sample: {} },
  uuid: {
    schema: { type: "string", format: "uuid" },
    sample: "3b1f8c1e-9c50-4f0a-8f52-0b6a7d6c2f11",
  },
};

/** The schema of one row. */
export function rowSchema(columns: readonly ResultColumn[]): Schema {
  return {
    type: "object",
    required: columns.map(({ name }) => name),
    properties: Object.fromEntries(columns.map((column) => [column.name, columnSchema(column)])),
  };
}

/** A row of `columns`; `known` holds values that the statement's parameters of those names give. */
export function sampleRow(
  columns: readonly ResultColumn[],
  known: Readonly<Record<string, unknown>> = {},
): Schema {
  return Object.fromEntries(
    columns.map(({ name, encoding }) => {
      const value = known[name];
      const fits = (encoding === "string" && typeof value === "string") ||
        (encoding === "integer" && typeof value === "number");
      return [name, fits ? value : ENCODINGS[encoding].sample];
    }),
  );
}

function columnSchema({ encoding, nullable: isNullable }: ResultColumn): Schema {
  const { schema } = ENCODINGS[encoding];
  return isNullable ? nullable(schema) : schema;
}
