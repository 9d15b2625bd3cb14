import { collationFault, type SchemaColumn } from "./key_collation.ts";
import type { Statement } from "./statement.ts";

const WHOLE_COLUMNS = new Set(["tinyint", "smallint", "mediumint", "int", "bigint"]);

/**
 * Why calls of a statement cannot be told apart by the keys of their rows, or `undefined` where they
 * can: the database must take two keys for equal exactly if their texts are.
 *
 * @param columns those that the statement compares, with the parameter of each
 */
export function batchFault(
  { batch, params }: Pick<Statement, "batch" | "params">,
  columns: readonly (SchemaColumn & { readonly param: string })[],
): string | undefined {
  if (batch === undefined) return undefined;
  const compared = columns.filter(({ param }) => param === batch.param);
  if (compared.length === 0) return `cannot find the column that :${batch.param} is compared with`;
  const text = params.some(({ name, type }) => name === batch.param && type.kind === "string");
  for (const column of compared) {
    const fault = text
      ? collationFault(column, { param: batch.param, fold: false })
      : wholeFault(column, batch.param);
    if (fault !== undefined) return fault;
  }
}

function wholeFault({ table, column, dataType }: SchemaColumn, param: string): string | undefined {
  return WHOLE_COLUMNS.has(dataType.toLowerCase())
    ? undefined
    : `:${param} is a whole number, and ${table}.${column} is ${dataType}`;
}
