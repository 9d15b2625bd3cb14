import type { ScalarType } from "../../query/statement.ts";

/** A JSON Schema, or any other object of an OpenAPI document. */
export type Schema = Readonly<Record<string, unknown>>;

/** Where a parameter's value stands: bytes and lists are written differently in an address. */
export type Place = "query" | "body";

const INT64 = "^(0|-?[1-9][0-9]{0,18})$";
const NATURAL64 = "^(0|[1-9][0-9]{0,18})$";
const UINT64 = "^(0|[1-9][0-9]{0,19})$";

/** A 64-bit integer as a string of decimal digits, so that no JSON reader rounds it. */
export function bigintSchema(options: { readonly natural?: boolean } = {}): Schema {
  return { type: "string", format: "int64", pattern: options.natural ? NATURAL64 : INT64 };
}

/** The schema of one value of a scalar type, without a parameter's own limits. */
export function scalarSchema(type: ScalarType, place: Place): Schema {
  switch (type.kind) {
    case "bigint":
      return bigintSchema();
    case "ubigint":
      return { type: "string", format: "uint64", pattern: UINT64 };
    case "int":
      return { type: "integer", format: "int32" };
    case "decimal":
      return { type: "string", format: "decimal", pattern: decimalPattern(type) };
    case "double":
      return { type: "number", format: "double" };
    case "bool":
      return { type: "boolean" };
    case "string":
      return { type: "string" };
    case "bytes":
      return {
        type: "string",
        contentEncoding: place === "query" ? "base64url" : "base64",
      };
    case "datetime":
      return { type: "string", format: "date-time" };
    case "date":
      return { type: "string", format: "date" };
    case "json":
      return {};
  }
}

/** The same schema with `null` allowed beside its type. One without a type allows it already. */
export function nullable(schema: Schema): Schema {
  const { type, enum: values, ...rest } = schema;
  if (typeof type !== "string") return schema;
  return {
    type: [type, "null"],
    ...rest,
    ...(Array.isArray(values) ? { enum: [...values, null] } : {}),
  };
}

/** A value that `type` allows, for examples where the statement gives none. */
export function sampleOf(type: ScalarType): unknown {
  switch (type.kind) {
    case "bigint":
    case "ubigint":
      return "1";
    case "int":
      return 1;
    case "decimal":
      return type.precision === type.scale ? "0" : "1";
    case "double":
      return 0.5;
    case "bool":
      return true;
    case "string":
      return "text";
    case "bytes":
      return "cmVhbG0=";
    case "datetime":
      return "2026-01-31T12:00:00.000Z";
    case "date":
      return "2026-01-31";
    case "json":
      return {};
  }
}

/** A value's JSON form, from the text of an `example=`, an `enum=` or a `default=`. */
export function jsonOf(type: ScalarType, text: string): unknown {
  switch (type.kind) {
    case "int":
    case "double":
      return Number(text);
    case "bool":
      return text === "true" || text === "1";
    case "json":
      try {
        return JSON.parse(text);
      } catch {
        return text;
      }
    default:
      return text;
  }
}

function decimalPattern(
  type: { readonly precision: number; readonly scale: number },
): string {
  const { precision, scale } = type;
  const whole = precision === scale ? "0" : `(0|[1-9][0-9]{0,${precision - scale - 1}})`;
  return scale === 0 ? `^-?${whole}$` : `^-?${whole}(\\.[0-9]{1,${scale}})?$`;
}
