import type { ShardRule } from "./statement.ts";

/** A shard rule as `@shard` writes it: `:playerId`, `each(:ids)`, `all`, `any` or a name. */
export function describeShard(rule: ShardRule): string {
  switch (rule.by) {
    case "key":
      return `:${rule.param}`;
    case "each":
      return `each(:${rule.param})`;
    case "name":
      return rule.shard;
    case "all":
    case "any":
      return rule.by;
  }
}
