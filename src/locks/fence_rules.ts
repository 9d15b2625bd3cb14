/** Where the fences of the locks with one prefix come from. */
export interface FenceRule {
  readonly prefix: string;
  readonly fence: "redis" | "sql";
}

/**
 * Where a lock's fences come from: the rule with the longest prefix of its name says so, and Redis
 * where none fits.
 *
 * @example
 * ```ts
 * import { fenceSourceOf } from "./fence_rules.ts";
 * import { assertEquals } from "@std/assert";
 *
 * const rules = [{ prefix: "raid:", fence: "sql" }] as const;
 * assertEquals(["raid:7", "guild:7"].map((name) => fenceSourceOf(rules, name)), ["sql", "redis"]);
 * ```
 */
export function fenceSourceOf(rules: readonly FenceRule[], name: string): FenceRule["fence"] {
  let found: FenceRule = { prefix: "", fence: "redis" };
  for (const rule of rules) {
    if (name.startsWith(rule.prefix) && rule.prefix.length >= found.prefix.length) found = rule;
  }
  return found.fence;
}
