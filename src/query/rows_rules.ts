import { tupleAround } from "./rows_tuple.ts";
import type { SqlToken } from "./sql_scanner.ts";
import type { ParamSpec, RowsType } from "./statement.ts";
import type { Fault, StatementDraft } from "./statement_rules.ts";
import { didYouMean } from "./suggest.ts";

/** What the protocol can count. */
const MOST_PLACEHOLDERS = 65_535;

type DeclaredRows = ParamSpec & { readonly line: number; readonly type: RowsType };

/** Holds a statement's `rows(…)` parameter against its SQL. */
export function checkRows(draft: StatementDraft, fault: Fault): void {
  const { params } = draft.annotations;
  const [rows, second] = params.filter((param): param is DeclaredRows =>
    param.type.kind === "rows"
  );
  if (rows === undefined) return;
  const { name, line, type } = rows;
  if (second !== undefined) {
    return fault(
      second.line,
      `:${second.name} and :${name} are rows(…), and a statement takes one`,
    );
  }
  if (!draft.shape.writes) return fault(line, `:${name} is rows(…), which belongs to writes`);
  const list = params.find((param) => param.type.kind === "array");
  if (list !== undefined) {
    fault(list.line, `:${list.name} is a list, which a statement with rows(…) cannot take`);
  }
  checkPlaces(draft, rows, fault);
  const places = placesOf(draft, name);
  const perRow = places.perRow * type.max;
  if (perRow + places.once > MOST_PLACEHOLDERS) {
    fault(
      line,
      `:${name} max=${type.max} makes ${perRow} values of ${places.perRow} a row, and a ` +
        `statement takes ${MOST_PLACEHOLDERS}`,
    );
  }
}

/** Each column must stand in the SQL, and all of them in the same parentheses behind VALUES. */
function checkPlaces(draft: StatementDraft, rows: DeclaredRows, fault: Fault): void {
  const { tokens, sqlLine } = draft;
  const { name, type } = rows;
  const columns = new Set(type.columns.map((column) => column.name));
  const used = new Set<string>();
  let open: number | undefined;
  tokens.forEach((token, at) => {
    const column = columnOf(token, name);
    if (column === undefined) return;
    const line = sqlLine + token.line;
    if (column === "") return fault(line, `:${name} is rows(…): write ${formOf(rows)}`);
    used.add(column);
    if (!columns.has(column)) {
      return fault(line, `:${name} has no column ${column}${didYouMean(column, columns)}`);
    }
    const tuple = tupleAround(tokens, at);
    open ??= tuple?.open;
    if (tuple === undefined || tuple.open !== open) {
      const rule =
        "must stand in the parentheses right behind VALUES, which are written once per row";
      fault(line, `:${name}.${column} ${rule}`);
    }
  });
  if (used.size === 0) return;
  for (const column of columns) {
    if (used.has(column)) continue;
    fault(rows.line, `:${name}.${column} declared but not in the SQL${didYouMean(column, used)}`);
  }
}

/** How many values stand in the SQL once per row, and how many once. */
function placesOf(
  { tokens }: StatementDraft,
  name: string,
): { readonly perRow: number; readonly once: number } {
  const first = tokens.findIndex((token) => (columnOf(token, name) ?? "") !== "");
  const tuple = first < 0 ? undefined : tupleAround(tokens, first);
  const all = tokens.flatMap((token, at) => token.kind === "param" ? [at] : []);
  const perRow = all.filter((at) => tuple !== undefined && at > tuple.open && at < tuple.close);
  return { perRow: perRow.length, once: all.length - perRow.length };
}

/** Which column of `rows` a token names; empty where it names all of it. */
function columnOf(token: SqlToken, rows: string): string | undefined {
  if (token.kind !== "param") return undefined;
  if (token.text === rows) return "";
  return token.text.startsWith(`${rows}.`) ? token.text.slice(rows.length + 1) : undefined;
}

function formOf({ name, type }: DeclaredRows): string {
  return `VALUES (${type.columns.map((column) => `:${name}.${column.name}`).join(", ")})`;
}
