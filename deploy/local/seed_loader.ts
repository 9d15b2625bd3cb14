import { pathToFileURL } from "node:url";
import { join } from "node:path";
import { escape, escapeId } from "mysql2";
import type { ShardManager } from "../../src/routing/shard_manager.ts";
import type { SeedTable } from "../example/seed.ts";
import { exists } from "./data_template.ts";
import { isApplied, rememberSql, type SqlRunner } from "./migrations.ts";

const ROWS_PER_INSERT = 1_000;
const STEP = "seed";

/**
 * Loads the rows that a realm's `seed.ts` gives, each to the shard that holds its key, in one
 * transaction per shard, once. Does nothing for a realm without that file. Returns how many rows
 * it wrote.
 */
export async function loadSeed(
  options: {
    readonly realm: string;
    readonly manager: ShardManager;
    readonly runners: Readonly<Record<string, SqlRunner>>;
  },
): Promise<number> {
  const { realm, manager, runners } = options;
  const file = join(realm, "seed.ts");
  const empty: [string, SqlRunner][] = [];
  for (const [shard, sql] of Object.entries(runners)) {
    if (!await isApplied(STEP, sql)) empty.push([shard, sql]);
  }
  if (empty.length === 0 || !await exists(file)) return 0;
  const module: { seed(): Iterable<SeedTable> } = await import(pathToFileURL(file).href);
  const statements = new Map(manager.shards.map((shard) => [shard, [] as string[]]));
  let written = 0;
  for (const table of module.seed()) {
    for (const [shard, rows] of placeRows(table, manager)) {
      for (let at = 0; at < rows.length; at += ROWS_PER_INSERT) {
        statements.get(shard)?.push(insertSql(table, rows.slice(at, at + ROWS_PER_INSERT)));
      }
      if (empty.some(([name]) => name === shard)) written += rows.length;
    }
  }
  await Promise.all(empty.map(([shard, sql]) => {
    const inserts = statements.get(shard) ?? [];
    return sql(["BEGIN", ...inserts, rememberSql(STEP, "0".repeat(64)), "COMMIT"].join(";\n"));
  }));
  return written;
}

type SeedRow = readonly (string | number | null)[];

function placeRows(table: SeedTable, manager: ShardManager): Map<string, SeedRow[]> {
  const placed = new Map(manager.shards.map((shard) => [shard, [] as SeedRow[]]));
  const key = table.key === undefined ? undefined : table.columns.indexOf(table.key);
  if (key === -1) {
    throw new TypeError(
      `Cannot seed ${table.table}: its key must be one of its columns, received "${table.key}"`,
    );
  }
  for (const row of table.rows) {
    if (key === undefined) { for (const rows of placed.values()) rows.push(row); }
    else placed.get(manager.shardForKey(String(row[key])))?.push(row);
  }
  return placed;
}

function insertSql(table: SeedTable, rows: readonly SeedRow[]): string {
  const columns = table.columns.map((column) => escapeId(column)).join(", ");
  const values = rows.map((row) => `(${row.map((value) => escape(value)).join(", ")})`);
  return `INSERT INTO ${escapeId(table.table)} (${columns}) VALUES ${values.join(",\n")}`;
}
