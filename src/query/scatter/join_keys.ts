import { Buffer } from "node:buffer";
import type { Rows } from "../../drivers/mysql.ts";
import { placeOf, type Row } from "./merge_order.ts";

/** Rows in the order of the keys that were asked for. */
export interface Joined {
  readonly rows: Row[];
  /** Keys that have no row, in their own order. */
  readonly missingKeys: string[];
}

/**
 * Puts the rows of several shards in the order of the keys that were asked for; those of one key
 * keep their shard's order. Rows of other keys, which a statement may add, come last.
 *
 * @param options.keyOf the form in which keys compare
 */
export function joinKeys(
  results: readonly Rows[],
  options: {
    readonly keys: readonly string[];
    readonly column: string;
    readonly keyOf: (key: string) => string;
  },
): Joined {
  const { keys, column, keyOf } = options;
  const byKey = new Map<string, { readonly key: string; readonly rows: Row[] }>(
    keys.map((key) => [keyOf(key), { key, rows: [] }]),
  );
  const others: Row[] = [];
  for (const { columns, rows } of results) {
    if (rows.length === 0) continue;
    const at = placeOf(columns, column);
    for (const row of rows) {
      (byKey.get(keyOf(textOf(row[at])))?.rows ?? others).push({ columns, row });
    }
  }
  const asked = [...byKey.values()];
  return {
    rows: [...asked.flatMap(({ rows }) => rows), ...others],
    missingKeys: asked.filter(({ rows }) => rows.length === 0).map(({ key }) => key),
  };
}

function textOf(value: unknown): string {
  return value instanceof Uint8Array ? Buffer.from(value).toString("utf8") : String(value);
}
