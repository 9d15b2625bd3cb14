import type { SqlToken } from "./sql_scanner.ts";
import type { FlatPiece, SqlPiece } from "./statement.ts";

/** A part of a statement's text, from the start of its first character to the end of its last. */
export interface SqlSpan {
  readonly start: number;
  readonly end: number;
}

/** Cuts SQL at its parameters; those in LIMIT and OFFSET are marked as bare. */
export function cutSql(sql: string, tokens: readonly SqlToken[]): readonly FlatPiece[] {
  return cutSpan(sql, tokens, { start: 0, end: sql.length });
}

/** The same of SQL that has a part which is written once per row. */
export function cutRows(
  sql: string,
  tokens: readonly SqlToken[],
  perRow: SqlSpan,
): readonly SqlPiece[] {
  const cut = (span: SqlSpan) => cutSpan(sql, tokens, span);
  return [
    ...cut({ start: 0, end: perRow.start }),
    { row: cut(perRow) },
    ...cut({ start: perRow.end, end: sql.length }),
  ];
}

function cutSpan(sql: string, tokens: readonly SqlToken[], span: SqlSpan): FlatPiece[] {
  const pieces: FlatPiece[] = [];
  let from = span.start;
  tokens.forEach((token, at) => {
    if (token.kind !== "param" || token.start < span.start || token.end > span.end) return;
    if (token.start > from) pieces.push({ text: sql.slice(from, token.start) });
    pieces.push({ param: token.text, bare: counts(tokens, at) });
    from = token.end;
  });
  if (from < span.end) pieces.push({ text: sql.slice(from, span.end) });
  return pieces;
}

/** Whether a piece stands in the SQL once, however many rows there are. */
export function isFlat(piece: SqlPiece): piece is FlatPiece {
  return !("row" in piece);
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
