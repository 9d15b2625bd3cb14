import type { SqlToken } from "./sql_scanner.ts";
import type { SqlPiece } from "./statement.ts";

/** Cuts SQL at its parameters; those in LIMIT and OFFSET are marked as bare. */
export function cutSql(sql: string, tokens: readonly SqlToken[]): readonly SqlPiece[] {
  const pieces: SqlPiece[] = [];
  let from = 0;
  tokens.forEach((token, at) => {
    if (token.kind !== "param") return;
    if (token.start > from) pieces.push({ text: sql.slice(from, token.start) });
    pieces.push({ param: token.text, bare: counts(tokens, at) });
    from = token.end;
  });
  if (from < sql.length) pieces.push({ text: sql.slice(from) });
  return pieces;
}

/** Whether the token at `at` says how many rows: `LIMIT n`, `LIMIT n, n`, `OFFSET n`, `FETCH FIRST n`. */
function counts(tokens: readonly SqlToken[], at: number): boolean {
  const word = (back: number) => {
    const token = tokens[at - back];
    return token?.kind === "word" ? token.upper : "";
  };
  if (word(1) === "LIMIT" || word(1) === "OFFSET") return true;
  if (word(2) === "FETCH") return word(1) === "FIRST" || word(1) === "NEXT";
  return tokens[at - 1]?.text === "," && word(3) === "LIMIT";
}

/** Whether the list parameter at `at` stands alone between the commas of parentheses. */
export function standsInList(tokens: readonly SqlToken[], at: number): boolean {
  const [before, after] = [tokens[at - 1]?.text, tokens[at + 1]?.text];
  return (before === "(" || before === ",") && (after === ")" || after === ",") &&
    (tokens[at]?.depth ?? 0) > 0;
}
