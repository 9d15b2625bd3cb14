import type { SqlToken } from "./sql_scanner.ts";

/** A column as it is written in SQL. */
export interface ColumnName {
  readonly column: string;
  /** The alias before it, where there is one. */
  readonly qualifier: string | undefined;
}

/** A condition on one column that an index can answer. */
export interface Condition extends ColumnName {
  /** `list` is an IN of more than one value. */
  readonly kind: "equal" | "list" | "range";
  /** What it is compared with: the column of another table, or an expression without columns. */
  readonly with: ColumnName | readonly SqlToken[];
}

/** What a statement looks for, and in which order. */
export interface SoughtRows {
  /** All of them must hold. There may be more conditions, which no index can answer. */
  readonly conditions: readonly Condition[];
  /** Columns of ORDER BY; `undefined` where there is none, or it is of something else. */
  readonly order: readonly (ColumnName & { readonly descending: boolean })[] | undefined;
  readonly limited: boolean;
  /** Whether rows are grouped, so that their order is that of the groups. */
  readonly grouped: boolean;
}

/** What the tokens are read with. */
export interface SoughtOptions {
  /** Whether a table of the statement has a column of this name. */
  readonly isColumn: (name: string) => boolean;
  /** Whether a parameter is a list. */
  readonly isList: (param: string) => boolean;
}

const UNSURE = new Set(
  "UNION EXCEPT INTERSECT WITH LEFT RIGHT NATURAL USING OVER FORCE USE IGNORE LATERAL".split(" "),
);
const ENDS_WHERE = new Set(
  "GROUP HAVING ORDER LIMIT FOR LOCK WINDOW RETURNING FETCH OFFSET ON PROCEDURE".split(" "),
);
const ENDS_ON = new Set(["WHERE", "SET", "JOIN", "INNER", "CROSS", "STRAIGHT_JOIN", ...ENDS_WHERE]);
const OPERATORS = new Set(["=", "<=>", "<", ">", "<=", ">="]);
const COMPARES = new Set([
  ...OPERATORS,
  ..."<> != ! NOT IS IN LIKE BETWEEN REGEXP RLIKE SOUNDS MEMBER".split(" "),
]);
const VARIES = new Set(
  "SELECT COLLATE RAND UUID UUID_V4 UUID_V7 UUID_SHORT SYS_GUID RANDOM_BYTES SYSDATE NEXTVAL NEXT"
    .split(" "),
);

/**
 * Reads the conditions and the order of a statement that reads from one SELECT, or writes by one
 * WHERE. `undefined` where words do not tell for certain: with OR, subqueries, outer joins, hints.
 */
export function soughtRows(
  tokens: readonly SqlToken[],
  options: SoughtOptions,
): SoughtRows | undefined {
  const words = tokens.filter(({ kind }) => kind === "word");
  if (words.some(({ upper }) => UNSURE.has(upper))) return undefined;
  if (tokens.some(({ kind }) => kind === "hint")) return undefined;
  if (words.filter(({ upper }) => upper === "SELECT").length > 1) return undefined;
  const clauses = [clauseAfter(tokens, "WHERE", ENDS_WHERE), ...onClauses(tokens)];
  const conditions: Condition[] = [];
  for (const clause of clauses) {
    const parts = conjuncts(clause);
    if (parts === undefined) return undefined;
    conditions.push(...parts.flatMap((part) => conditionsOf(part, options)));
  }
  return {
    conditions,
    order: orderOf(tokens, options),
    limited: words.some(({ upper, depth }) => upper === "LIMIT" && depth === 0),
    grouped: words.some(({ upper, depth }) =>
      depth === 0 && (upper === "GROUP" || upper === "DISTINCT")
    ),
  };
}

function isWordAt(token: SqlToken | undefined, ...words: readonly string[]): boolean {
  return token?.kind === "word" && words.includes(token.upper);
}

/** The tokens behind a word at the outermost depth, up to one that ends the clause. */
function clauseAfter(
  tokens: readonly SqlToken[],
  word: string,
  ends: ReadonlySet<string>,
  from = 0,
): readonly SqlToken[] {
  const start = tokens.findIndex((token, at) =>
    at >= from && token.depth === 0 && isWordAt(token, word)
  );
  if (start < 0) return [];
  const rest = tokens.slice(start + 1);
  const end = rest.findIndex(({ kind, depth, upper }) =>
    depth === 0 && kind === "word" && ends.has(upper)
  );
  return end < 0 ? rest : rest.slice(0, end);
}

/** The conditions of joins: an ON behind a JOIN. */
function onClauses(tokens: readonly SqlToken[]): (readonly SqlToken[])[] {
  return tokens.flatMap((token, at) =>
    token.depth === 0 && isWordAt(token, "JOIN", "STRAIGHT_JOIN") &&
      clauseAfter(tokens.slice(at + 1), "ON", ENDS_ON).length > 0
      ? [clauseAfter(tokens.slice(at + 1), "ON", ENDS_ON)]
      : []
  );
}

/** The parts between the ANDs of a condition; `undefined` where it has alternatives. */
function conjuncts(clause: readonly SqlToken[]): readonly (readonly SqlToken[])[] | undefined {
  const depth = clause[0]?.depth ?? 0;
  const parts: SqlToken[][] = [[]];
  let between = false;
  for (const token of clause) {
    const outer = token.depth === depth && token.kind !== "param";
    if (outer && ["OR", "XOR", "||"].includes(token.upper)) return undefined;
    if (outer && isWordAt(token, "BETWEEN")) between = true;
    if (outer && (isWordAt(token, "AND") || token.text === "&&")) {
      if (!between) {
        parts.push([]);
        continue;
      }
      between = false;
    }
    parts.at(-1)?.push(token);
  }
  return parts.flatMap((part) => {
    const inner = part.slice(1, -1);
    const enclosed = part[0]?.text === "(" && part.at(-1)?.text === ")" &&
      inner.every((token) => token.depth > (part[0]?.depth ?? 0));
    return enclosed ? conjuncts(inner) ?? [] : [part];
  });
}

function conditionsOf(part: readonly SqlToken[], options: SoughtOptions): Condition[] {
  const left = columnAt(part, 0, options);
  if (left === undefined) return reversed(part, options);
  const { next, ...name } = left;
  const [operator, first, ...more] = part.slice(next);
  const rest = part.slice(next + 1);
  const constant = rest.length > 0 && isConstant(rest, options);
  if (operator === undefined) return [];
  if (operator.text === "=" || operator.text === "<=>") {
    if (constant) return [{ ...name, kind: "equal", with: rest }];
    const right = columnAt(rest, 0, options);
    if (right?.next !== rest.length) return [];
    const { next: _, ...other } = right;
    return [{ ...name, kind: "equal", with: other }, { ...other, kind: "equal", with: name }];
  }
  if (OPERATORS.has(operator.text)) return constant ? [{ ...name, kind: "range", with: rest }] : [];
  switch (operator.kind === "word" ? operator.upper : "") {
    case "IS":
      return more.length === 0 && isWordAt(first, "NULL")
        ? [{ ...name, kind: "equal", with: rest }]
        : [];
    case "IN": {
      const one = rest.length === 3 && !(rest[1]?.kind === "param" && options.isList(rest[1].text));
      return constant ? [{ ...name, kind: one ? "equal" : "list", with: rest }] : [];
    }
    case "BETWEEN":
      return constant ? [{ ...name, kind: "range", with: rest }] : [];
    case "LIKE":
      return first?.kind === "string" && more.length === 0 && !/^['"][%_]/.test(first.text)
        ? [{ ...name, kind: "range", with: rest }]
        : [];
    default:
      return [];
  }
}

/** `:id = t.id`, with the column behind. */
function reversed(part: readonly SqlToken[], options: SoughtOptions): Condition[] {
  const at = part.findIndex((token) =>
    token.depth === part[0]?.depth && OPERATORS.has(token.text) && token.kind === "symbol"
  );
  const value = part.slice(0, at);
  const right = columnAt(part, at + 1, options);
  if (at < 1 || right?.next !== part.length || !isConstant(value, options)) return [];
  const equal = ["=", "<=>"].includes(part[at]?.text ?? "");
  const { next: _, ...name } = right;
  return [{ ...name, kind: equal ? "equal" : "range", with: value }];
}

/** The column that begins at `at`, and where it ends. */
function columnAt(
  tokens: readonly SqlToken[],
  at: number,
  { isColumn }: SoughtOptions,
): (ColumnName & { readonly next: number }) | undefined {
  const dotted = tokens[at + 1]?.text === ".";
  const name = tokens[dotted ? at + 2 : at];
  const next = dotted ? at + 3 : at + 1;
  if (name === undefined || !["word", "identifier"].includes(name.kind)) return undefined;
  if (!isColumn(name.text) || ["(", "."].includes(tokens[next]?.text ?? "")) return undefined;
  return { column: name.text, qualifier: dotted ? tokens[at]?.text : undefined, next };
}

/** Whether it is the same for every row, and no part of another comparison: `a = 1 = 0`. */
function isConstant(tokens: readonly SqlToken[], { isColumn }: SoughtOptions): boolean {
  return !tokens.some(({ kind, text, upper, depth }) =>
    kind === "word" || kind === "identifier"
      ? isColumn(text) || VARIES.has(upper) || (depth === tokens[0]?.depth && COMPARES.has(upper))
      : kind === "symbol" && depth === tokens[0]?.depth && COMPARES.has(text)
  );
}

function orderOf(tokens: readonly SqlToken[], options: SoughtOptions): SoughtRows["order"] {
  const clause = clauseAfter(tokens, "ORDER", new Set(["LIMIT", "FOR", "LOCK", "RETURNING"]));
  if (!isWordAt(clause[0], "BY")) return undefined;
  const columns: (ColumnName & { readonly descending: boolean })[] = [];
  let at = 1;
  while (at < clause.length) {
    const found = columnAt(clause, at, options);
    if (found === undefined || isAlias(tokens, found)) return undefined;
    const { next, ...name } = found;
    const direction = isWordAt(clause[next], "ASC", "DESC") ? clause[next] : undefined;
    at = direction === undefined ? next : next + 1;
    if (at < clause.length && clause[at]?.text !== ",") return undefined;
    at++;
    columns.push({ ...name, descending: direction?.upper === "DESC" });
  }
  return columns.length === 0 ? undefined : columns;
}

/** Whether SELECT gives this name to something: `xp * 2 AS level`, or without the AS. */
function isAlias(tokens: readonly SqlToken[], { column, qualifier }: ColumnName): boolean {
  if (qualifier !== undefined) return false;
  const from = tokens.findIndex((token) => token.depth === 0 && isWordAt(token, "FROM"));
  return tokens.slice(0, from).some((token, at) => {
    if (token.upper !== column.toUpperCase()) return false;
    const before = tokens[at - 1];
    return before !== undefined && ![",", ".", "(", "+", "-", "*", "/"].includes(before.text) &&
      !isWordAt(before, "SELECT", "DISTINCT", "ALL");
  });
}
