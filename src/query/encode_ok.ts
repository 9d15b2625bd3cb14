import type { Ok, Rows } from "../drivers/mysql.ts";
import type { CompiledStatement } from "./compiled_statement.ts";

/**
 * The body of a write's answer. A statement with RETURNING answers its rows as well, and counts
 * them as the rows it affected, for the server does not say.
 *
 * @param generated the ids that were made for it, by parameter
 */
export function encodeOk(
  compiled: CompiledStatement,
  result: Ok | Rows,
  options: {
    readonly int64: "string" | "number";
    readonly generated?: Readonly<Record<string, string>> | undefined;
  },
): string {
  const { generated } = options;
  const ids = generated === undefined ? "" : `,"generated":${JSON.stringify(generated)}`;
  if (result.kind === "rows") {
    const rows = compiled.encodeRows(result, options);
    return `{"affectedRows":${result.rows.length},"insertId":null${ids},"rows":${rows}}`;
  }
  const insertId = result.insertId === "0" ? "null" : `"${result.insertId}"`;
  return `{"affectedRows":${result.affectedRows},"insertId":${insertId}${ids}}`;
}
