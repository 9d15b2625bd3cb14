import type { SqlToken } from "../sql_scanner.ts";

/** Aggregates of which shards' values make one of all. */
const MERGEABLE = new Set(["SUM", "COUNT", "MIN", "MAX"]);
/** Those of which they make none. */
const UNMERGEABLE = new Set(
  ("AVG STD STDDEV STDDEV_POP STDDEV_SAMP VARIANCE VAR_POP VAR_SAMP BIT_AND BIT_OR BIT_XOR " +
    "GROUP_CONCAT JSON_ARRAYAGG JSON_OBJECTAGG").split(" "),
);
/** Functions of an aggregate that may be merged as the aggregate may; also plain parentheses. */
const TRANSPARENT = new Set(["", "SELECT", "COALESCE", "IFNULL"]);
const DIVISIONS = new Set(["/", "%", "DIV", "MOD"]);

/** Why the shards' rows of aggregates make no row of all: each must have one, of values that merge. */
export function aggregateFault(tokens: readonly SqlToken[]): string | undefined {
  const clause = (name: string) =>
    tokens.findIndex(({ kind, depth, upper }) => kind === "word" && depth === 0 && upper === name);
  if (clause("GROUP") >= 0) return "@merge of aggregates makes one row, and GROUP BY makes several";
  if (clause("HAVING") >= 0) {
    return "@merge of aggregates takes what each shard has, and HAVING would leave shards out";
  }
  const wrong = unmergeable(tokens.slice(0, Math.max(clause("FROM"), 0)));
  return wrong && `@merge cannot make one ${wrong} of the shards': sum what it is made of, ` +
      "such as SUM and COUNT";
}

/** What is made of an aggregate, in a list of columns, that cannot be made of the shards' own. */
function unmergeable(tokens: readonly SqlToken[]): string | undefined {
  const around: string[] = [];
  let aggregates = false;
  let division: string | undefined;
  for (const [at, { kind, text, upper }] of tokens.entries()) {
    const calls = kind === "word" && tokens[at + 1]?.text === "(";
    if (text === "(") {
      around.push(tokens[at - 1]?.kind === "word" ? tokens[at - 1]?.upper ?? "" : "");
    } else if (text === ")") around.pop();
    else if (around.some((name) => MERGEABLE.has(name))) continue;
    else if (calls && UNMERGEABLE.has(upper)) return upper;
    else if (calls && MERGEABLE.has(upper)) {
      aggregates = true;
      const made = around.find((name) => !TRANSPARENT.has(name));
      if (made !== undefined) return made;
    } else if (DIVISIONS.has(upper) && (kind === "word" || kind === "symbol")) division = upper;
    else if (text === "," && around.length === 0) {
      aggregates = false;
      division = undefined;
    }
    if (aggregates && division !== undefined) return division;
  }
  return undefined;
}
