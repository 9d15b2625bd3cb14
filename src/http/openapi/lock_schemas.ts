import { TTL_MS } from "../lock_fields.ts";
import type { Schema } from "./scalar_schema.ts";

/** A grant's token. */
export const TOKEN: Schema = { type: "string", pattern: "^[0-9a-f]{32}$" };
/** A grant's time to live. */
export const TTL: Schema = {
  type: "integer",
  minimum: TTL_MS.min,
  maximum: TTL_MS.max,
  description: "How long the grant lasts, in milliseconds; renew it at a third of that.",
};
const VALID: Schema = {
  type: "integer",
  minimum: 0,
  description: "How long to rely on it, in milliseconds from the instant you sent the request.",
};
const FENCE: Schema = {
  type: "string",
  format: "int64",
  description: "Grows with every grant of this lock. Send it with writes, as " +
    "`Realmgate-Fence: name=fence`: an older one is refused.",
};
/** Who asks. */
export const OWNER: Schema = { type: "string", minLength: 1, maxLength: 128 };

/** An object whose members are all present but the `optional` ones. */
export const object = (properties: Schema, optional: readonly string[] = []): Schema => {
  const required = Object.keys(properties).filter((name) => !optional.includes(name));
  return { type: "object", ...(required.length === 0 ? {} : { required }), properties };
};

/** The schemas of the locks' routes. */
export function lockSchemas(): Schema {
  return {
    LockGrant: object({
      name: { type: "string" },
      token: { ...TOKEN, description: "Proves the grant: keep it secret." },
      fence: FENCE,
      ttlMs: TTL,
      validForMs: VALID,
    }),
    Lock: object({
      held: { type: "boolean" },
      owner: { type: ["string", "null"], description: "Who holds it, as it said itself." },
      fence: { type: ["string", "null"], description: "The last one granted." },
      remainingMs: { type: "integer", minimum: 0 },
      waiters: { type: "integer", minimum: 0, description: "How many wait for it." },
    }),
    LockRenewal: object({
      name: { type: "string" },
      held: { type: "boolean", description: "Whether it is still yours." },
      validForMs: VALID,
    }),
    LockStats: {
      type: "object",
      description: "Counters of the answering isolate since it started.",
      additionalProperties: { type: "number" },
    },
  };
}
