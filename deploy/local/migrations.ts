import { createHash } from "node:crypto";
import { basename, join } from "node:path";

/** Runs statements as somebody who may change the schema; gives the rows of the last answer. */
export type SqlRunner = (text: string) => Promise<readonly Readonly<Record<string, unknown>>[]>;

const TABLE = `CREATE TABLE IF NOT EXISTS realmgate_migrations (
  name VARCHAR(255) CHARACTER SET utf8mb4 COLLATE utf8mb4_bin NOT NULL PRIMARY KEY,
  checksum CHAR(64) NOT NULL,
  applied_at DATETIME(3) NOT NULL DEFAULT CURRENT_TIMESTAMP(3)
)`;

/**
 * Applies the `.sql` files of a folder to one shard, in the order of their names, each once; the
 * table `realmgate_migrations` remembers which. Returns the names of those it applied now.
 *
 * @throws if a file that was applied has changed since, or if one fails
 */
export async function migrate(
  options: { readonly folder: string; readonly shard: string; readonly sql: SqlRunner },
): Promise<string[]> {
  const { folder, shard, sql } = options;
  await sql(TABLE);
  const applied = new Map(
    (await sql("SELECT name, checksum FROM realmgate_migrations")).map((row) =>
      [String(row["name"]), String(row["checksum"])] as const
    ),
  );
  const done: string[] = [];
  for (const path of await sqlFiles(folder)) {
    const name = basename(path);
    const text = await Deno.readTextFile(path);
    const checksum = createHash("sha256").update(text).digest("hex");
    const known = applied.get(name);
    if (known === checksum) continue;
    if (known !== undefined) {
      throw new Error(
        `Cannot migrate shard ${shard}: ${path} must stay as it was when it was applied, ` +
          `received another text; put it back and add a new file, or start afresh (--fresh)`,
      );
    }
    try {
      await sql(text);
    } catch (error) {
      throw new Error(
        `Cannot migrate shard ${shard}: ${path} must run, received "${
          error instanceof Error ? error.message : error
        }"; statements before that one stay applied`,
        { cause: error },
      );
    }
    await sql(rememberSql(name, checksum));
    done.push(name);
  }
  return done;
}

/** Whether a shard remembers a step of that name. */
export async function isApplied(name: string, sql: SqlRunner): Promise<boolean> {
  const rows = await sql(`SELECT 1 FROM realmgate_migrations WHERE name = '${name}'`);
  return rows.length > 0;
}

/** The statement that makes a shard remember a step. */
export function rememberSql(name: string, checksum: string): string {
  return `INSERT INTO realmgate_migrations (name, checksum)
    VALUES ('${name.replaceAll("'", "''")}', '${checksum}')`;
}

async function sqlFiles(folder: string): Promise<string[]> {
  const files: string[] = [];
  try {
    for await (const { name, isFile } of Deno.readDir(folder)) {
      if (isFile && name.endsWith(".sql") && !name.startsWith(".")) files.push(join(folder, name));
    }
  } catch (error) {
    if (!(error instanceof Deno.errors.NotFound)) throw error;
  }
  return files.sort();
}
