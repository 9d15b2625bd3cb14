import type { Schema } from "./scalar_schema.ts";

/** What an operation of a fixed route is, before its parameters and answers. */
export function operation(id: string, summary: string, options: {
  readonly tag: string;
  /** What a key needs. */
  readonly scope: string;
  readonly description?: string;
}): Schema {
  const { tag, scope, description } = options;
  return {
    operationId: `realmgate:${id}`,
    summary,
    ...(description === undefined ? {} : { description }),
    tags: [tag],
    security: [{ apiKey: [scope] }],
  };
}
