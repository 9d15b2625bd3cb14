import type { ServerFacts, StatementFacts } from "./statement.ts";

/**
 * What several shards said of one statement as one: refused where one of them refuses it, warned
 * of what any warns of, and named where they differ. Every shard keeps its plan.
 */
export function mergeFacts(
  byShard: ReadonlyMap<string, ServerFacts>,
): StatementFacts | undefined {
  const entries = [...byShard];
  const accepted = entries.find(([, facts]) => facts.unavailable === undefined);
  const [, first] = accepted ?? entries[0] ?? [];
  if (first === undefined) return undefined;
  const refused = entries.find(([, facts]) => facts.unavailable !== undefined);
  const warnings = new Set(entries.flatMap(([, facts]) => facts.warnings));
  const apart = entries.find(([, facts]) => facts.unbatchable !== undefined);
  const lonely = entries.find(([, facts]) => facts.ungroupable !== undefined);
  const odd = entries.find(([, facts]) =>
    facts.unavailable === undefined && columnsOf(facts) !== columnsOf(first)
  );
  if (odd !== undefined) warnings.add(`shard ${odd[0]} has other result columns than the others`);
  const { plan: _, ...common } = first;
  return {
    ...common,
    warnings: [...warnings],
    ...(refused === undefined
      ? {}
      : { unavailable: `${refused[1].unavailable} (shard ${refused[0]})` }),
    ...(apart === undefined ? {} : { unbatchable: `${apart[1].unbatchable} (shard ${apart[0]})` }),
    ...(lonely === undefined
      ? {}
      : { ungroupable: `${lonely[1].ungroupable} (shard ${lonely[0]})` }),
    plans: entries.flatMap(([shard, { plan }]) => plan === undefined ? [] : [{ shard, ...plan }]),
    tookMs: Math.max(...entries.map(([, facts]) => facts.tookMs)),
  };
}

function columnsOf(facts: ServerFacts): string {
  return facts.columns.map(({ name, encoding }) => `${name} ${encoding}`).join(", ");
}
