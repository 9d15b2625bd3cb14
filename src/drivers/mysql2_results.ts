import type { Ok } from "./mysql.ts";
import type { Mysql2Column, Mysql2Ok, StateChanges } from "./mysql2_connection.ts";

/**
 * An OK in the port's form. MariaDB tells the GTID as a variable, MySQL as a state of its own, whose
 * text mysql2 takes apart at commas.
 */
export function toOk({ affectedRows, insertId, stateChanges }: Mysql2Ok): Ok {
  return {
    kind: "ok",
    affectedRows: Number(affectedRows),
    insertId: String(insertId),
    gtid: stateChanges === undefined ? undefined : gtidOf(stateChanges),
  };
}

function gtidOf({ systemVariables, gtids }: StateChanges): string | undefined {
  return systemVariables["last_gtid"] ?? (gtids.length === 0 ? undefined : gtids.join(","));
}

/**
 * The first of a command's results with its columns, which are `undefined` for an OK. A stored
 * procedure answers with several, and mysql2 then wraps results and columns in one more array.
 */
export function firstResult(
  result: unknown,
  fields: unknown,
): { readonly result: unknown; readonly fields: readonly Mysql2Column[] | undefined } {
  if (!Array.isArray(fields)) return { result, fields: undefined };
  const [first] = fields as readonly unknown[];
  if (first !== undefined && !Array.isArray(first)) return { result, fields };
  return { result: (result as readonly unknown[])[0], fields: first };
}
