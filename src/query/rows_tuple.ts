import type { SqlSpan } from "./sql_pieces.ts";
import type { SqlToken } from "./sql_scanner.ts";

/** The parentheses behind VALUES that are written once per row: where they begin and end. */
export interface RowsTuple extends SqlSpan {
  /** The place of the opening parenthesis among the tokens, and of the closing one. */
  readonly open: number;
  readonly close: number;
}

/**
 * The parentheses right behind VALUES around the token at `at`, however deep it stands in them;
 * `undefined` where there are none.
 */
export function tupleAround(tokens: readonly SqlToken[], at: number): RowsTuple | undefined {
  let depth = tokens[at]?.depth ?? 0;
  for (let open = at - 1; open >= 0; open--) {
    const token = tokens[open];
    if (token?.text !== "(" || token.kind !== "symbol" || token.depth !== depth - 1) continue;
    depth--;
    const before = tokens[open - 1];
    if (before?.kind !== "word" || !/^VALUES?$/.test(before.upper)) continue;
    const close = tokens.findIndex((other, place) =>
      place > at && other.kind === "symbol" && other.text === ")" && other.depth === token.depth
    );
    if (close < 0) return undefined;
    return { open, close, start: token.start, end: tokens[close]?.end ?? token.end };
  }
  return undefined;
}

/** What is written once per row of the parameter `rows`: the parentheses around its first column. */
export function rowsTuple(tokens: readonly SqlToken[], rows: string): RowsTuple | undefined {
  const at = tokens.findIndex(({ kind, text }) => kind === "param" && text.startsWith(`${rows}.`));
  return at < 0 ? undefined : tupleAround(tokens, at);
}

/**
 * The SQL with `VALUES :rows`, or `VALUES (:rows)`, written out: `VALUES (:rows.a, :rows.b)`, all
 * columns in their own order.
 */
export function spreadRows(
  sql: string,
  tokens: readonly SqlToken[],
  rows: { readonly name: string; readonly columns: readonly { readonly name: string }[] },
): string {
  const at = tokens.findIndex(({ kind, text }) => kind === "param" && text === rows.name);
  const inside = tokens[at - 1]?.text === "(" && tokens[at + 1]?.text === ")";
  const [first, last] = inside ? [at - 1, at + 1] : [at, at];
  const values = tokens[first - 1];
  const [start, end] = [tokens[first]?.start, tokens[last]?.end];
  if (at < 0 || start === undefined || end === undefined) return sql;
  if (values?.kind !== "word" || !/^VALUES?$/.test(values.upper)) return sql;
  const columns = rows.columns.map(({ name }) => `:${rows.name}.${name}`);
  return `${sql.slice(0, start)}(${columns.join(", ")})${sql.slice(end)}`;
}
