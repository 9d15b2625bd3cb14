import type { SqlToken } from "./sql_scanner.ts";

/** A table that a statement names. */
export interface NamedTable {
  readonly table: string;
  /** What its columns are qualified with. */
  readonly alias: string;
  /** Where it is in another database than the session's. */
  readonly database?: string;
}

/** A column that stands against a parameter: `column = :param`, `IN (:param)`, or inserted. */
export interface ComparedColumn {
  readonly param: string;
  readonly column: string;
  /** The alias before the column, where there is one. */
  readonly qualifier: string | undefined;
}

const TABLE_AFTER = new Set(["FROM", "JOIN", "STRAIGHT_JOIN", "UPDATE", "INTO"]);
const SELECTS = new Set(["SELECT", "ALL", "DISTINCT", "DISTINCTROW", "HIGH_PRIORITY"]);
/** What stands before an UPDATE that names no table: ON DUPLICATE KEY UPDATE and FOR UPDATE. */
const BEFORE_BARE_UPDATE = ["KEY", "FOR"];
/** What may stand between the tables of a list. */
const AMONG_TABLES = new Set(
  "ON USING JOIN INNER LEFT RIGHT CROSS NATURAL STRAIGHT_JOIN PARTITION FORCE USE IGNORE AS"
    .split(" "),
);
/** What ends a list of tables. */
const AFTER_TABLES = new Set(
  ("WHERE SET ORDER GROUP HAVING LIMIT UNION EXCEPT INTERSECT FOR LOCK VALUES VALUE SELECT " +
    "RETURNING WINDOW PROCEDURE WITH OFFSET FETCH").split(" "),
);
const NOT_ALIAS = AMONG_TABLES.union(AFTER_TABLES);

/** The tables that a statement names in FROM, JOIN, UPDATE and INTO, as far as words tell. */
export function tablesOf(tokens: readonly SqlToken[]): readonly NamedTable[] {
  const tables: NamedTable[] = [];
  tokens.forEach((token, at) => {
    const listed = token.text === "," && tables.length > 0 && inTables(tokens, at);
    if (!listed && (token.kind !== "word" || !TABLE_AFTER.has(token.upper))) return;
    if (token.upper === "UPDATE" && isBare(tokens, at)) return;
    // SELECT STRAIGHT_JOIN is a hint.
    if (token.upper === "STRAIGHT_JOIN" && SELECTS.has(tokens[at - 1]?.upper ?? "")) return;
    let next = at + 1;
    while (["IGNORE", "LOW_PRIORITY", "LATERAL"].includes(tokens[next]?.upper ?? "")) next++;
    if (!isName(tokens[next])) return;
    const qualified = tokens[next + 1]?.text === "." && isName(tokens[next + 2]);
    const database = qualified ? { database: tokens[next]?.text ?? "" } : {};
    if (qualified) next += 2;
    const table = tokens[next]?.text ?? "";
    next += tokens[next + 1]?.upper === "AS" ? 2 : 1;
    const alias = tokens[next];
    tables.push({ table, alias: isName(alias) ? alias.text : table, ...database });
  });
  return tables;
}

/** The columns that stand against parameters, as far as words tell. */
export function comparedColumns(tokens: readonly SqlToken[]): readonly ComparedColumn[] {
  const found: ComparedColumn[] = [...insertedColumns(tokens)];
  tokens.forEach((token, at) => {
    if (token.kind !== "param") return;
    const before = tokens[at - 1]?.text;
    const after = tokens[at + 1]?.text;
    const end = before === "="
      ? at - 2
      : before === "(" && tokens[at - 2]?.upper === "IN"
      ? (tokens[at - 3]?.upper === "NOT" ? at - 4 : at - 3)
      : -1;
    const column = tokens[end];
    if (isName(column)) {
      const qualifier = tokens[end - 1]?.text === "." ? tokens[end - 2]?.text : undefined;
      found.push({ param: token.text, column: column.text, qualifier });
    } else if (after === "=" && isName(tokens[at + 2])) {
      const dotted = tokens[at + 3]?.text === ".";
      const name = tokens[dotted ? at + 4 : at + 2];
      if (name === undefined) return;
      const qualifier = dotted ? tokens[at + 2]?.text : undefined;
      found.push({ param: token.text, column: name.text, qualifier });
    }
  });
  return found;
}

/** `INSERT INTO t (a, b) VALUES (:a, :b)`: which column each parameter goes to. */
function insertedColumns(tokens: readonly SqlToken[]): ComparedColumn[] {
  const values = tokens.findIndex((token) =>
    token.kind === "word" && token.depth === 0 && /^VALUES?$/.test(token.upper)
  );
  const into = tokens.findIndex((token) => token.upper === "INTO");
  const open = tokens.findIndex((token, at) => at > into && at < values && token.text === "(");
  if (values < 0 || open < 0) return [];
  const names = listAt(tokens, open).map((item) => item.length === 1 ? item[0]?.text : undefined);
  return listAt(tokens, values + 1).flatMap((item, place) => {
    const [only] = item;
    const column = names[place];
    return item.length === 1 && only?.kind === "param" && column !== undefined
      ? [{ param: only.text, column, qualifier: undefined }]
      : [];
  });
}

/** The items of the parenthesis that opens at `open`. */
function listAt(tokens: readonly SqlToken[], open: number): SqlToken[][] {
  const items: SqlToken[][] = [[]];
  const depth = tokens[open]?.depth ?? 0;
  for (const token of tokens.slice(open + 1)) {
    if (token.depth <= depth) break;
    if (token.text === "," && token.depth === depth + 1) items.push([]);
    else items.at(-1)?.push(token);
  }
  return items;
}

/** Whether a place is in a list of tables. */
function inTables(tokens: readonly SqlToken[], at: number): boolean {
  const depth = tokens[at]?.depth ?? 0;
  for (let back = at - 1; back >= 0; back--) {
    const token = tokens[back];
    // What stands before the parenthesis around it is another list.
    if (token === undefined || token.depth < depth) return false;
    if (token.depth > depth || token.kind !== "word") continue;
    if (token.upper === "FROM") return true;
    if (token.upper === "UPDATE") return !isBare(tokens, back);
    if (AFTER_TABLES.has(token.upper)) return false;
  }
  return false;
}

/** Whether an UPDATE names no table. */
function isBare(tokens: readonly SqlToken[], at: number): boolean {
  return BEFORE_BARE_UPDATE.includes(tokens[at - 1]?.upper ?? "");
}

function isName(token: SqlToken | undefined): token is SqlToken {
  return token?.kind === "identifier" || (token?.kind === "word" && !NOT_ALIAS.has(token.upper));
}
