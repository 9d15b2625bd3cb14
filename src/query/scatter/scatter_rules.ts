import { comparedColumns } from "../compared_columns.ts";
import type { SqlToken } from "../sql_scanner.ts";
import type { MergeRule, ShardRule } from "../statement.ts";
import { aggregateFault } from "./aggregate_rules.ts";
import { orderOf } from "./order_by.ts";

/** What the rules of a scatter are held against. */
export interface ScatterDraft {
  readonly kind: "one" | "many" | "exec";
  readonly shard: ShardRule | undefined;
  readonly merge: MergeRule | undefined;
  readonly partialOmit: boolean;
  readonly cached: boolean;
  readonly batched: boolean;
  readonly sql: string;
  readonly tokens: readonly SqlToken[];
}

/** Words after which a limit of rows counts, or a lock begins. */
const TAIL = new Set(["LIMIT", "FETCH", "OFFSET", "FOR", "LOCK", "PROCEDURE"]);

const BEFORE_CURSOR = new Set(["WHERE", "AND", "HAVING"]);
const CONDITIONS = new Set(["WHERE", "HAVING", "ON"]);
const SET_OPERATIONS = new Set(["UNION", "EXCEPT", "INTERSECT"]);
const AFTER_CURSOR = new Set(["AND", "ORDER", "GROUP"]);

/** What is wrong, and the annotation that it is wrong in. */
export interface ScatterFault {
  readonly annotation: "shard" | "merge" | "partial" | "cache" | "batch";
  readonly message: string;
}

/** What is wrong with a statement of many shards, or of pages. */
export function scatterFaults(draft: ScatterDraft): readonly ScatterFault[] {
  const { kind, shard, merge, tokens } = draft;
  const faults: ScatterFault[] = [];
  const add = (annotation: ScatterFault["annotation"], message: string | undefined) => {
    if (message !== undefined) faults.push({ annotation, message });
  };
  const many = shard?.by === "all" || shard?.by === "each";
  if (draft.partialOmit && !many) {
    add("partial", "@partial belongs to @shard all and @shard each(…)");
  }
  if (merge !== undefined && kind === "exec") add("merge", "@merge belongs to reads");
  else if (merge !== undefined && shard?.by === "each") {
    add("merge", "@merge does not go with @shard each(…), whose rows come in the keys' order");
  } else if (merge?.by === "aggregate") {
    if (shard?.by !== "all") add("merge", "@merge of aggregates belongs to @shard all");
    else if (kind !== "one") add("merge", "@merge of aggregates makes one row: it must be :one");
    add("merge", aggregateFault(tokens));
  } else if (merge?.by === "order") {
    if (shard?.by !== "all" && merge.after === undefined) {
      add("merge", "@merge belongs to @shard all, or to pages with after=:cursor");
    }
    if (merge.after !== undefined && kind !== "many") add("merge", "pages belong to :many");
    add("merge", orderFault(draft, merge));
    add("merge", cursorFault(draft, merge.after));
  }
  if (shard?.by === "all" && merge === undefined && kind !== "exec") {
    add("shard", "@shard all needs @merge, which says how the rows become one list");
  }
  if (shard?.by === "each") {
    if (kind === "one") add("shard", "@shard each(…) answers a list: it must be :many");
    if (eachColumn(tokens, shard.param) === undefined) {
      add("shard", `@shard each(:${shard.param}) needs column IN (:${shard.param}), once`);
    }
    const tail = tokens.find(({ kind, depth, upper }) =>
      kind === "word" && depth === 0 && TAIL.has(upper)
    );
    if (tail !== undefined && kind !== "exec") {
      add("shard", `${tail.upper} would count on each shard by itself: @maxrows bounds the whole`);
    }
  }
  if (many || merge !== undefined) {
    if (draft.cached) add("cache", "@cache belongs to statements of one shard, without pages");
    if (draft.batched) add("batch", "@batch belongs to statements of one shard, without pages");
  }
  return faults;
}

/** The column whose values `@shard each(:param)` splits: `id` of `id IN (:ids)`. */
export function eachColumn(tokens: readonly SqlToken[], param: string): string | undefined {
  const places = tokens.flatMap(({ kind, text }, at) =>
    kind === "param" && text === param ? [at] : []
  );
  const [at = -1] = places;
  const inList = tokens[at - 1]?.text === "(" && tokens[at - 2]?.upper === "IN" &&
    tokens[at - 3]?.upper !== "NOT" && tokens[at + 1]?.text === ")";
  if (places.length !== 1 || !inList) return undefined;
  return comparedColumns(tokens).find((compared) => compared.param === param)?.column;
}

/** The word that begins the condition which a parameter outside parentheses stands in. */
export function clauseAround(
  tokens: readonly SqlToken[],
  param: string | undefined,
): string | undefined {
  const at = tokens.findIndex(({ kind, text }) => kind === "param" && text === param);
  return tokens.slice(0, Math.max(at, 0)).findLast(({ kind, depth, upper }) =>
    kind === "word" && depth === 0 && CONDITIONS.has(upper)
  )?.upper;
}

function orderFault(
  { sql, tokens }: ScatterDraft,
  merge: MergeRule & { readonly by: "order" },
): string | undefined {
  const order = orderOf(sql, tokens);
  const same = order !== undefined && order.columns.length === merge.columns.length &&
    merge.columns.every(({ name, descending }, at) =>
      order.columns[at]?.name.toLowerCase() === name.toLowerCase() &&
      order.columns[at]?.descending === descending
    );
  if (same && order.limit === merge.limit) return undefined;
  const columns = merge.columns.map(({ name, descending }) => descending ? `${name} DESC` : name);
  return `@merge needs the SQL to end with ORDER BY ${columns.join(", ")} LIMIT :${merge.limit}`;
}

/** The cursor stands in the SQL as a condition of its own. */
function cursorFault({ tokens }: ScatterDraft, after: string | undefined): string | undefined {
  if (after === undefined) return undefined;
  const places = tokens.flatMap(({ kind, text }, at) =>
    kind === "param" && text === after ? [at] : []
  );
  const [at = -1] = places;
  const before = tokens[at - 1]?.upper ?? "";
  const next = tokens[at + 1]?.upper ?? "";
  const alone = BEFORE_CURSOR.has(before) && AFTER_CURSOR.has(next) && tokens[at]?.depth === 0 &&
    clauseAround(tokens, after) !== "ON";
  if (places.length !== 1 || !alone) {
    return `after=:${after} needs :${after} in the SQL as a condition, such as WHERE :${after}`;
  }
  const sets = tokens.find(({ kind, depth, upper }) =>
    kind === "word" && depth === 0 && SET_OPERATIONS.has(upper)
  );
  if (sets !== undefined) {
    return `${sets.upper} beside :${after} lets rows past it: put it in a table of FROM`;
  }
  const either = tokens.find(({ kind, depth, upper, text }) =>
    depth === 0 && (kind === "word" ? upper === "OR" || upper === "XOR" : text === "||")
  );
  return either && `${either.text} beside :${after} lets rows past it: put it in parentheses`;
}
