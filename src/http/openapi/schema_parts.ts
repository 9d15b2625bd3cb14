import type { Schema } from "./scalar_schema.ts";

/** A string. */
export const text = (description: string): Schema => ({ type: "string", description });

/** A string or null. */
export const textOrNull = (description: string): Schema => ({
  type: ["string", "null"],
  description,
});

/** A boolean. */
export const flag = (description: string): Schema => ({ type: "boolean", description });

/** A whole number from 0. */
export const count = (description: string): Schema => ({
  type: "integer",
  minimum: 0,
  description,
});

/** An object whose members are all present but the `optional` ones. */
export function object(properties: Schema, optional: readonly string[] = []): Schema {
  const required = Object.keys(properties).filter((name) => !optional.includes(name));
  return { type: "object", required, properties };
}

/** A list. */
export const listOf = (items: Schema): Schema => ({ type: "array", items });

/** A schema of the document's own, by its name. */
export const ref = (name: string): Schema => ({ $ref: `#/components/schemas/${name}` });
