import { LIMIT_OPTIONS, readLimits, readOptions } from "./param_options.ts";
import { readScalarType } from "./param_type.ts";
import type { ParamSpec, RowsColumn, RowsType } from "./statement.ts";
import { splitCommas, splitWords } from "./words.ts";

/** Rows that one `rows(…)` parameter may have where `max=` does not say. */
export const DEFAULT_MAX_ROWS_PARAM = 100;
/** The most that `max=` may say. */
export const MOST_ROWS_PARAM = 1_000;

const COLUMN_OPTION = /^(min|maxlen|enum)=/;

/**
 * Reads a `@param` line of rows: `items rows(item string maxlen=64, amount int min=1) max=500`.
 * A column has the options of a value's limits, in the parentheses.
 *
 * @returns what it declares, where it can be read at all, and every fault of it
 */
export function readRowsParam(
  name: string,
  text: { readonly columns: string; readonly words: readonly string[] },
): { readonly spec?: ParamSpec; readonly faults: readonly string[] } {
  const faults: string[] = [];
  const fault = (message: string) => faults.push(`:${name} ${message}`);
  const misplaced = text.words.filter((word) => COLUMN_OPTION.test(word));
  for (const word of misplaced) {
    fault(`is rows(…): ${word} belongs to a column, such as rows(item string maxlen=64)`);
  }
  const { options, secret } = readOptions(
    text.words.filter((word) => !misplaced.includes(word)),
    { names: ["max"], secret: true },
    fault,
  );
  const max = Number(options.max ?? DEFAULT_MAX_ROWS_PARAM);
  if (!(Number.isInteger(max) && max >= 1 && max <= MOST_ROWS_PARAM)) {
    fault(`must have max= from 1 to ${MOST_ROWS_PARAM}, received "${options.max}"`);
  }
  const columns = new Map<string, RowsColumn>();
  for (const part of splitCommas(text.columns)) {
    const column = readColumn(part, (message) => faults.push(`:${name}${message}`));
    if (column === undefined) return { faults };
    if (columns.has(column.name)) fault(`names ${column.name} twice`);
    columns.set(column.name, column);
  }
  const type: RowsType = { kind: "rows", columns: [...columns.values()], max };
  return { faults, spec: { name, type, secret } };
}

function readColumn(part: string, fault: (message: string) => void): RowsColumn | undefined {
  const [name = "", typeText = "", ...words] = splitWords(part);
  if (!/^[A-Za-z_]\w*$/.test(name) || typeText === "") {
    fault(": rows(…) must list names and types, such as rows(id bigint, amount int)");
    return undefined;
  }
  const type = readScalarType(typeText);
  if (typeof type === "string") {
    fault(`.${name}: ${type}`);
    return undefined;
  }
  const own = (message: string) => fault(`.${name} ${message}`);
  const { options } = readOptions(words, { names: LIMIT_OPTIONS, secret: false }, own);
  return { name, type, ...readLimits(type, options, own) };
}
