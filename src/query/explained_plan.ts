import { murmur3 } from "../routing/murmur3.ts";
import { type PlanNode, planTables } from "./plan_node.ts";

/** How one server would run a statement. */
export interface ExplainedPlan {
  /** In a word or two for each table, such as `PRIMARY`, for reports; absent where none is read. */
  readonly summary?: string;
  /**
   * The same for plans of one shape: tables in their order, how each is accessed, by which columns
   * of which index, sorts and temporary tables; not by how many rows. Eight hexadecimal digits.
   */
  readonly fingerprint: string;
  readonly tree: PlanNode;
}

/** How one shard would run a statement. */
export interface ShardPlan extends ExplainedPlan {
  readonly shard: string;
}

/** A plan with what it is known by. */
export function describePlan(tree: PlanNode): ExplainedPlan {
  const steps = planTables(tree).map(stepOf);
  return {
    ...(steps.length === 0 ? {} : { summary: steps.join(", ") }),
    fingerprint: murmur3(JSON.stringify(shapeOf(tree))).toString(16).padStart(8, "0"),
    tree,
  };
}

/** How a table is accessed, in a word or two: `PRIMARY`, `range by_xp`, `full scan`. */
export function stepOf({ operation, access = "", key }: PlanNode): string {
  if (operation === "insert") return "insert";
  switch (access) {
    case "ALL":
      return "full scan";
    case "index":
      return `index scan ${key}`;
    case "range":
    case "index_merge":
      return `range ${key}`;
    default:
      return key ?? access;
  }
}

/** Plans that are the same on several shards as one, in the order of the first of them. */
export function groupPlans(
  plans: readonly ShardPlan[],
): readonly (ExplainedPlan & { readonly shards: readonly string[] })[] {
  const groups = new Map<string, ExplainedPlan & { readonly shards: string[] }>();
  for (const { shard, ...plan } of plans) {
    const group = groups.get(plan.fingerprint);
    if (group === undefined) groups.set(plan.fingerprint, { ...plan, shards: [shard] });
    else group.shards.push(shard);
  }
  return [...groups.values()];
}

function shapeOf({ operation, table, access, key, keyParts, children }: PlanNode): unknown {
  return [operation, table, access, key, keyParts, children.map(shapeOf)];
}
