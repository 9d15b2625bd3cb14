import type { Schema } from "./scalar_schema.ts";
import { count, flag, object, text } from "./schema_parts.ts";

/** The schemas of the operators' routes. */
export function adminSchemas(): Schema {
  return {
    DrainedNode: object({
      node: text("Its name."),
      drained: flag("Whether it is out of routing now."),
      by: text("Of a drained one: the name of the key that drained it first."),
      at: count("Of a drained one: since when, in Unix milliseconds."),
      warning: text("What the operator should know, such as that no other replica takes reads."),
    }, ["by", "at", "warning"]),
    AuditEntry: object({
      id: text("Unique in the fleet, and growing."),
      at: count("When it was done, in Unix milliseconds."),
      by: text("The name of the key."),
      action: text(
        "`node.drain`, `node.undrain`, `lock.release`, `partition.maintain`, `cache.invalidate`; " +
          "there may be others.",
      ),
      target: text("The node, lock, table or cache."),
      outcome: text("`done`, or the code of the error that it was answered with."),
      detail: text("What else is to be known of it, for people."),
    }, ["detail"]),
  };
}
