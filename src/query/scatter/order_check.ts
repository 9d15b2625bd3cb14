import type { SchemaColumn } from "../key_collation.ts";
import type { ResultColumn, Statement } from "../statement.ts";
import { isOrdered } from "./order_values.ts";

/**
 * Why rows of several shards cannot be put in one order here, or `undefined` where they can: the
 * databases must sort the columns as their values sort.
 *
 * @param columns those of the result
 * @param schema the tables' own, of at least those that the result is ordered by
 */
export function orderFault(
  { merge, shard }: Pick<Statement, "merge" | "shard">,
  { columns, schema }: {
    readonly columns: readonly ResultColumn[];
    readonly schema: readonly SchemaColumn[];
  },
): string | undefined {
  if (merge === undefined) return undefined;
  const compared = orderedNames(merge);
  for (const name of compared) {
    const column = columns.find((candidate) => candidate.name === name);
    if (column === undefined) return `@merge names ${name}, which is no column of the result`;
    if (!isOrdered(column.encoding)) {
      return `@merge cannot put ${name} in order, which is ${column.encoding}`;
    }
    if (column.encoding !== "string" || shard.by !== "all") continue;
    const named = schema.filter((candidate) =>
      candidate.column.toLowerCase() === name.toLowerCase()
    );
    if (named.length === 0) return `@merge cannot find out how the databases sort ${name}`;
    const folded = named.find(({ collation }) => !/(^|_)bin(ary)?$/.test(collation ?? "binary"));
    if (folded !== undefined) {
      return `@merge cannot sort ${name} as ${folded.collation} does: give the column a binary ` +
        "collation, or order by another one";
    }
  }
  if (merge.by !== "aggregate") return undefined;
  const unnamed = columns.find(({ name }) => !Object.hasOwn(merge.columns, name));
  if (unnamed !== undefined) {
    return `@merge must say what becomes of ${unnamed.name}: sum=, min= or max=`;
  }
  const texts = columns.find(({ name, encoding }) =>
    merge.columns[name] === "sum" && !SUMMED.has(encoding)
  );
  return texts && `@merge cannot sum ${texts.name}, which is ${texts.encoding}`;
}

const SUMMED = new Set(["integer", "bigint", "decimal", "double"]);

/** The columns whose values are compared. */
export function orderedNames(merge: NonNullable<Statement["merge"]>): readonly string[] {
  return merge.by === "order"
    ? merge.columns.map(({ name }) => name)
    : Object.entries(merge.columns).flatMap(([name, how]) => how === "sum" ? [] : [name]);
}
