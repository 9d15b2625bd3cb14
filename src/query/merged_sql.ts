import { cutSql } from "./sql_pieces.ts";
import { scanSql, type SqlToken } from "./sql_scanner.ts";
import type { FlatPiece } from "./statement.ts";

/** `@batch`: the column and the parameter that it is compared with. */
export interface BatchAnnotation {
  readonly column: string;
  readonly param: string;
}

/**
 * The SQL that reads many calls of a statement at once: `column = :param` becomes
 * `column IN (:param)`, and each row tells at its end which call it is for.
 *
 * @returns the pieces, of which the parameter's takes a list; or what is in the way, in words
 */
export function mergedPieces(
  sql: string,
  tokens: readonly SqlToken[],
  batch: BatchAnnotation,
): readonly FlatPiece[] | string {
  const at = tokens.findIndex(({ kind, text }) => kind === "param" && text === batch.param);
  const [param, equals] = [tokens[at], tokens[at - 1]];
  const topLevel = (word: string) =>
    tokens.findIndex(({ kind, depth, upper }) => kind === "word" && depth === 0 && upper === word);
  const [from, where] = [topLevel("FROM"), topLevel("WHERE")];
  const shown = `${batch.column} = :${batch.param}`;
  if (param === undefined || equals === undefined) return `${shown} cannot be found`;
  const qualified = tokens[at - 3]?.text === ".";
  const [before, after] = [tokens[at - (qualified ? 5 : 3)], tokens[at + 1]];
  if (from < 0 || where < 0 || at < where || param.depth !== 0) {
    return `${shown} must stand in the statement's own WHERE`;
  }
  if (!BEFORE.has(before?.upper ?? "") || !(after === undefined || AFTER.has(after.upper))) {
    return `${shown} must stand alone between ANDs`;
  }
  const either = tokens.find(({ kind, depth, upper, text }) =>
    depth === 0 && (kind === "word" ? EITHER.has(upper) : text === "||")
  );
  if (either !== undefined) {
    return `${either.text} outside parentheses lets a call have rows of another one's key`;
  }
  const column = sql.slice(tokens[at - (qualified ? 4 : 2)]?.start ?? 0, tokens[at - 2]?.end);
  const fromAt = tokens[from]?.start ?? 0;
  const merged = `${sql.slice(0, fromAt)}, ${column} ` +
    `${sql.slice(fromAt, equals.start)} IN (:${batch.param})${sql.slice(param.end)}`;
  const scanned = scanSql(merged);
  return cutSql(scanned.sql, scanned.tokens);
}

const BEFORE = new Set(["WHERE", "AND"]);
const AFTER = new Set(["AND", "ORDER"]);
const EITHER = new Set(["OR", "XOR"]);
