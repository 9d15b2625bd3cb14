import type { Aggregate, MergeRule, ShardRule } from "./statement.ts";
import { splitCommas, splitWords } from "./words.ts";

/** Reads the text of a `@shard` line; a sentence where it is none. */
export function readShard(text: string): ShardRule | string {
  const [first = "", ...rest] = splitWords(text);
  const fold = rest.length === 1 && rest[0] === "fold=ci";
  if (/^(each\(\s*)?:\w+\.\w+/.test(first)) {
    return `@shard cannot be a column of rows, received "${text}": a write goes to one shard, so ` +
      "take the key as a parameter of its own, such as :playerId";
  }
  const [, each] = /^each\(\s*:(\w+)\s*\)$/.exec(first) ?? [];
  const [, key] = /^:(\w+)$/.exec(first) ?? [];
  if (rest.length > 0 && !fold) return `@shard knows only fold=ci, received "${rest.join(" ")}"`;
  if (each !== undefined) return { by: "each", param: each, fold };
  if (key !== undefined) return { by: "key", param: key, fold };
  if (fold) return "fold=ci belongs to a key, such as @shard :name fold=ci";
  if (first === "all" || first === "any") return { by: first };
  return /^[a-z0-9][a-z0-9_-]*$/i.test(first)
    ? { by: "name", shard: first }
    : `@shard must be :param, each(:param), all, any or a shard's name, received "${text}"`;
}

/** Reads the text of a `@merge` line; a sentence where it is none. */
export function readMerge(text: string): MergeRule | string {
  if (/^(sum|min|max)=/.test(text)) return readAggregates(text);
  const [, order, limit, after] = /^order=(.+?)\s+limit=:(\w+)(?:\s+after=:(\w+))?$/.exec(text) ??
    [];
  const columns = splitCommas(order ?? "").map((part) => /^(\w+)(?:\s+(asc|desc))?$/i.exec(part));
  if (limit === undefined || columns.includes(null)) {
    return "@merge must be order=<column> [desc], … limit=:param [after=:param] or " +
      `sum=<column>, … min=<column> max=<column>, received "${text}"`;
  }
  return {
    by: "order",
    columns: columns.map((match) => ({
      name: match?.[1] ?? "",
      descending: match?.[2]?.toLowerCase() === "desc",
    })),
    limit,
    ...(after === undefined ? {} : { after }),
  };
}

/** `sum=a,b max=c`: what becomes of each column. */
function readAggregates(text: string): MergeRule | string {
  const columns: Record<string, Aggregate> = Object.create(null);
  for (const word of splitWords(text.replaceAll(/\s*,\s*/g, ","))) {
    const [, aggregate, names] = /^(sum|min|max)=(\w+(?:,\w+)*)$/.exec(word) ?? [];
    if (aggregate === undefined || names === undefined) {
      return `@merge must be sum=<column>, … min=<column> max=<column>, received "${word}"`;
    }
    for (const name of names.split(",")) {
      if (columns[name] !== undefined) return `@merge names ${name} twice`;
      columns[name] = aggregate as Aggregate;
    }
  }
  return { by: "aggregate", columns };
}
