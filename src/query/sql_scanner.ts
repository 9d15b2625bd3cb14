/** What a token of SQL is. `identifier` is one in backticks; `word` covers keywords and `@x`. */
export type SqlTokenKind =
  | "word"
  | "identifier"
  | "string"
  | "number"
  | "param"
  | "hint"
  | "symbol";

/** One token of SQL. */
export interface SqlToken {
  readonly kind: SqlTokenKind;
  /**
   * As written; of an identifier without backticks; of a parameter its name without the colon, with
   * its column in `:rows.item`.
   */
  readonly text: string;
  /** In upper case, for comparisons. */
  readonly upper: string;
  /** Where it stands in {@linkcode ScannedSql.sql}. */
  readonly start: number;
  readonly end: number;
  /** The line of the scanned text, from 0. */
  readonly line: number;
  /** How many parentheses are open around it. */
  readonly depth: number;
}

/** SQL as its tokens. */
export interface ScannedSql {
  /** The text without comments, and without a final semicolon. */
  readonly sql: string;
  readonly tokens: readonly SqlToken[];
  /** Whether all of the text could be read; else the tokens end early. */
  readonly complete: boolean;
  /** What is wrong with it; `line` counts from 0. */
  readonly faults: readonly { readonly line: number; readonly message: string }[];
}

const TOKEN = new RegExp(
  [
    String.raw`(?<space>\s+)`,
    String.raw`(?<comment>--(?=[\s\x00-\x1f]|$)[^\n]*|#[^\n]*|\/\*[^]*?\*\/)`,
    String.raw`(?<string>'(?:[^'\\]|\\[^]|'')*'|"(?:[^"\\]|\\[^]|"")*")`,
    "(?<identifier>`(?:[^`]|``)+`)",
    String.raw`(?<number>\d[\w.]*|\.\d[\w.]*)`,
    String.raw`(?<word>@{0,2}[A-Za-z_$\u0080-\uffff][\w$\u0080-\uffff]*)`,
    String.raw`(?<symbol>::|:=|\|\||&&|<=>|<>|<=|>=|!=|->>?|\/(?!\*)|[^:?'"/\`])`,
    String.raw`:(?<param>[A-Za-z_]\w*(?:\.[A-Za-z_]\w*)?)`,
  ].join("|"),
  "y",
);

/**
 * Splits SQL of MySQL's and MariaDB's default mode into tokens, so that nothing in a string, an
 * identifier or a comment is ever taken for a parameter. Comments are dropped; optimizer hints
 * stay. Executable comments are faults, for they hide SQL from whoever reads the tokens.
 *
 * @example
 * ```ts
 * import { scanSql } from "./sql_scanner.ts";
 * import { assertEquals } from "@std/assert";
 *
 * const { tokens } = scanSql("SELECT ':a' -- :b\nWHERE id = :id");
 * assertEquals(tokens.filter((token) => token.kind === "param").map((token) => token.text), ["id"]);
 * ```
 */
export function scanSql(text: string): ScannedSql {
  const tokens: SqlToken[] = [];
  const faults: { line: number; message: string }[] = [];
  let sql = "";
  let line = 0;
  let depth = 0;
  let at = 0;
  while (at < text.length) {
    TOKEN.lastIndex = at;
    const groups = TOKEN.exec(text)?.groups;
    if (groups === undefined) {
      faults.push({ line, message: unreadable(text.slice(at)) });
      break;
    }
    const raw = text.slice(at, TOKEN.lastIndex);
    at = TOKEN.lastIndex;
    const hint = groups.comment?.startsWith("/*+") === true;
    if (groups.space !== undefined) sql += raw;
    else if (groups.comment !== undefined && !hint) {
      if (/^\/\*M?!/.test(raw)) {
        faults.push({ line, message: "executable comments /*! … */ are not allowed" });
      }
      sql += " ";
    } else {
      const kind = kindOf(groups, hint);
      if (raw === ")") depth--;
      const value = kind === "param"
        ? raw.slice(1)
        : kind === "identifier"
        ? raw.slice(1, -1).replaceAll("``", "`")
        : raw;
      tokens.push({
        kind,
        text: value,
        upper: value.toUpperCase(),
        start: sql.length,
        end: sql.length + raw.length,
        line,
        depth,
      });
      if (raw === "(") depth++;
      sql += raw;
    }
    for (const character of raw) if (character === "\n") line++;
  }
  return { ...withoutSemicolon(sql, tokens, faults), faults, complete: at >= text.length };
}

function kindOf(groups: Readonly<Record<string, string>>, hint: boolean): SqlTokenKind {
  if (hint) return "hint";
  for (const kind of ["string", "identifier", "number", "word", "param"] as const) {
    if (groups[kind] !== undefined) return kind;
  }
  return "symbol";
}

function unreadable(rest: string): string {
  if (rest.startsWith("?")) return "a bare ? is not a parameter: write :name and declare it";
  if (rest.startsWith(":")) return "a colon must begin a parameter's name, such as :playerId";
  return `the text that begins with ${
    rest.startsWith("/*") ? "/*" : rest.slice(0, 1)
  } is not closed`;
}

function withoutSemicolon(
  sql: string,
  tokens: SqlToken[],
  faults: { line: number; message: string }[],
): { sql: string; tokens: SqlToken[] } {
  const first = tokens.findIndex((token) => token.text === ";" && token.kind === "symbol");
  const semicolon = tokens[first];
  if (semicolon === undefined) return { sql: sql.trimEnd(), tokens };
  const second = tokens.slice(first + 1).find((token) => token.text !== ";");
  if (second !== undefined) {
    faults.push({
      line: second.line,
      message: "holds more than one statement: begin each with -- name:",
    });
    return { sql, tokens };
  }
  return { sql: sql.slice(0, semicolon.start).trimEnd(), tokens: tokens.slice(0, first) };
}
