import type { Schema } from "../openapi/scalar_schema.ts";

/** A schema's type in a word or two: `string int64`, `integer[]`, `string or null`. */
export function typeText(schema: Schema): string {
  const { type, format, contentEncoding, items, $ref } = schema;
  if (typeof $ref === "string") return $ref.slice($ref.lastIndexOf("/") + 1);
  const types = Array.isArray(type) ? type : [type ?? "any"];
  const main = types.find((name) => name !== "null");
  const suffix = types.includes("null") ? " or null" : "";
  if (main === "array") return `${typeText(items as Schema)}[]${suffix}`;
  const detail = format ?? contentEncoding;
  return `${main}${detail === undefined ? "" : ` ${detail}`}${suffix}`;
}

/** The limits of a schema in words: `1 to 1000`, `at most 64 characters`, `one of a, b`. */
export function limitsText(schema: Schema): readonly string[] {
  const { minimum, maximum, maxLength, maxItems, contentEncoding } = schema;
  const of = (schema["items"] ?? schema) as Schema;
  const values = of["enum"];
  const limits: string[] = [];
  if (minimum !== undefined && maximum !== undefined) limits.push(`${minimum} to ${maximum}`);
  else if (minimum !== undefined) limits.push(`at least ${minimum}`);
  else if (maximum !== undefined) limits.push(`at most ${maximum}`);
  if (maxLength !== undefined && contentEncoding === undefined) {
    limits.push(`at most ${maxLength} characters`);
  }
  if (maxItems !== undefined) limits.push(`at most ${maxItems} items`);
  if (Array.isArray(values)) {
    limits.push(`one of ${values.filter((value) => value !== null).join(", ")}`);
  }
  if (schema["default"] !== undefined) limits.push(`default ${JSON.stringify(schema["default"])}`);
  return limits;
}

/** How a form's text becomes the JSON value that a schema asks for. */
export function formKind(schema: Schema): "text" | "number" | "boolean" | "list" | "json" {
  const { type, items } = schema;
  const types = Array.isArray(type) ? type : [type];
  if (types.includes("array")) return (items as Schema)["type"] === "object" ? "json" : "list";
  if (types.includes("integer") || types.includes("number")) return "number";
  if (types.includes("boolean")) return "boolean";
  return types.includes("string") ? "text" : "json";
}
