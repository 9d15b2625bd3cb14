import type { SqlToken } from "../sql_scanner.ts";
import type { OrderColumn } from "../statement.ts";
import type { KeysetColumn } from "./keyset.ts";

/** One column of a statement's own ORDER BY. */
export interface SqlOrderColumn extends KeysetColumn, OrderColumn {
  /** The alias before it, where there is one. */
  readonly qualifier: string | undefined;
}

/** What a statement's own ORDER BY and LIMIT say. */
export interface SqlOrder {
  readonly columns: readonly SqlOrderColumn[];
  /** The parameter that LIMIT has; `undefined` where it has something else, or more. */
  readonly limit: string | undefined;
}

/**
 * The order at the end of a statement, `ORDER BY xp DESC, p.id LIMIT :limit`, where it is one of
 * plain columns; `undefined` where it is not.
 */
export function orderOf(sql: string, tokens: readonly SqlToken[]): SqlOrder | undefined {
  const isWord = (at: number, word: string) =>
    tokens[at]?.kind === "word" && tokens[at].depth === 0 && tokens[at].upper === word;
  const order = tokens.findLastIndex((_, at) => isWord(at, "ORDER") && isWord(at + 1, "BY"));
  const limit = tokens.findLastIndex((_, at) => isWord(at, "LIMIT"));
  if (order < 0 || limit < order) return undefined;
  const columns: SqlOrderColumn[] = [];
  for (let at = order + 2; at < limit;) {
    const end = tokens.findIndex(({ text, depth }, index) =>
      index >= at && (index === limit || (text === "," && depth === 0))
    );
    const column = readColumn(sql, tokens.slice(at, end));
    if (column === undefined) return undefined;
    columns.push(column);
    at = end === limit ? limit : end + 1;
  }
  const [count, ...more] = tokens.slice(limit + 1);
  const alone = count?.kind === "param" && more.length === 0;
  return { columns, limit: alone ? count.text : undefined };
}

/** `[table .] column [ASC | DESC]` */
function readColumn(sql: string, tokens: readonly SqlToken[]): SqlOrderColumn | undefined {
  const direction = tokens.at(-1)?.upper;
  const directed = tokens.length > 1 && (direction === "ASC" || direction === "DESC");
  const names = directed ? tokens.slice(0, -1) : tokens;
  const [first, dot, second, ...more] = names;
  const [last, extra] = dot === undefined ? [first, undefined] : [second, more[0]];
  if (first === undefined || last === undefined || extra !== undefined) return undefined;
  if (dot !== undefined && dot.text !== ".") return undefined;
  if (!isName(first) || !isName(last)) return undefined;
  return {
    name: last.text,
    qualifier: dot === undefined ? undefined : first.text,
    sql: sql.slice(first.start, last.end),
    descending: directed && direction === "DESC",
  };
}

function isName({ kind }: SqlToken): boolean {
  return kind === "word" || kind === "identifier";
}
