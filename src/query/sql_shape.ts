import type { SqlToken } from "./sql_scanner.ts";

/** What a statement does, as far as its words tell; the server has the last word. */
export interface SqlShape {
  /** The verb, such as SELECT; of a WITH the verb behind its tables. */
  readonly verb: string;
  readonly writes: boolean;
  /** Why it is not served, and where. */
  readonly refusals: readonly { readonly line: number; readonly message: string }[];
  /** Why several of its calls cannot be merged into one, or `undefined` where they can. */
  readonly unmergeable: string | undefined;
}

const READS = new Set(["SELECT", "VALUES", "TABLE"]);
const WRITES = new Set(["INSERT", "UPDATE", "DELETE", "REPLACE"]);
const DDL = new Set(["CREATE", "ALTER", "DROP", "TRUNCATE", "RENAME"]);
const AGGREGATE =
  /^(COUNT|SUM|AVG|MIN|MAX|GROUP_CONCAT|STD|STDDEV(_POP|_SAMP)?|VAR(IANCE|_POP|_SAMP)|BIT_(AND|OR|XOR)|JSON_(ARRAY|OBJECT)AGG|ANY_VALUE)$/;

/** Looks at the words of one statement. */
export function shapeOf(tokens: readonly SqlToken[]): SqlShape {
  const refusals: { line: number; message: string }[] = [];
  const first = tokens.find((token) => token.kind === "word");
  const verb = verbOf(tokens, first);
  const line = first?.line ?? 0;
  const writes = WRITES.has(verb);
  if (tokens.length === 0) refusals.push({ line, message: "has no SQL" });
  else if (DDL.has(verb)) {
    refusals.push({ line, message: `${verb} changes the schema: that belongs in a migration` });
  } else if (!writes && !READS.has(verb)) {
    const message = `must be a SELECT, INSERT, UPDATE, DELETE or REPLACE, received ${
      verb === "" ? "something else" : verb
    }`;
    refusals.push({ line, message });
  }
  tokens.forEach((token, at) => {
    const message = refusalOf(token, { next: tokens[at + 1], writes });
    if (message !== undefined) refusals.push({ line: token.line, message });
  });
  return { verb, writes, refusals, unmergeable: unmergeable(tokens) };
}

function verbOf(tokens: readonly SqlToken[], first: SqlToken | undefined): string {
  if (first?.upper !== "WITH") return first?.upper ?? "";
  const verb = tokens.find((token) =>
    token.kind === "word" && token.depth === 0 &&
    (READS.has(token.upper) || WRITES.has(token.upper))
  );
  return verb?.upper ?? "SELECT";
}

function refusalOf(
  token: SqlToken,
  context: { readonly next: SqlToken | undefined; readonly writes: boolean },
): string | undefined {
  if (token.text === "@" || (token.kind === "word" && /^@(?!@)/.test(token.text))) {
    return "user variables outlive the call on their connection: use parameters";
  }
  if (token.kind !== "word") return undefined;
  if (token.upper === "GET_LOCK" && context.next?.text === "(") {
    return "GET_LOCK outlives the call on its connection: use /v1/locks";
  }
  if (token.upper === "INTO" && !context.writes) return "SELECT … INTO is not served";
  return undefined;
}

function unmergeable(tokens: readonly SqlToken[]): string | undefined {
  for (const [at, token] of tokens.entries()) {
    if (token.kind !== "word") continue;
    const next = tokens[at + 1];
    const calls = next?.text === "(" && next.kind === "symbol";
    if (calls && AGGREGATE.test(token.upper)) return `the aggregate ${token.upper}`;
    switch (token.upper) {
      case "LIMIT":
      case "DISTINCT":
      case "DISTINCTROW":
      case "HAVING":
      case "UNION":
      case "INTERSECT":
      case "EXCEPT":
      case "OVER":
        return token.upper;
      case "GROUP":
        if (next?.upper === "BY") return "GROUP BY";
        break;
      case "FETCH":
        return "FETCH";
      case "FOR":
        if (next?.upper === "UPDATE" || next?.upper === "SHARE") return "a locking read";
        break;
      case "LOCK":
        if (next?.upper === "IN") return "a locking read";
    }
  }
  return undefined;
}
