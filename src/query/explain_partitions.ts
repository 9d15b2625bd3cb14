import type { SqlReader } from "../partitions/table_reader.ts";
import type { Bound } from "./compiled_statement.ts";

/** The partitions that a statement would touch, by the alias of each table that it names. */
export type TouchedPartitions = ReadonlyMap<string, readonly string[]>;

/**
 * Asks a server which partitions a statement would touch; nothing is run. Tables that have none are
 * left out, and so are those that rows are inserted into, and tables of which the server sees that no
 * row has the key.
 *
 * MySQL tells it in each EXPLAIN, MariaDB where it is asked to.
 *
 * @throws {SqlError}
 */
export async function explainPartitions(
  reader: SqlReader,
  { sql, values }: Pick<Bound, "sql" | "values">,
): Promise<TouchedPartitions> {
  const answer = await reader.execute(`EXPLAIN /*M! PARTITIONS */ ${sql}`, values);
  if (answer.kind !== "rows") return new Map();
  const at = (name: string) => answer.columns.findIndex((column) => column.name === name);
  const [table, partitions] = [at("table"), at("partitions")];
  const touched = new Map<string, readonly string[]>();
  for (const row of answer.rows) {
    const list = row[partitions];
    if (typeof list !== "string" || list === "") continue;
    const alias = String(row[table]);
    touched.set(alias, [...new Set([...touched.get(alias) ?? [], ...list.split(",")])]);
  }
  return touched;
}
