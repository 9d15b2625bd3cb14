import { type MysqlSession, SqlError } from "../drivers/mysql.ts";

/**
 * The steps that make Realmgate's own tables, in order; a table's change is a new step at the end.
 * Each must be harmless if it was done before, since an interrupted install is run again.
 */
const STEPS: readonly string[] = [
  `CREATE TABLE IF NOT EXISTS realmgate_heartbeat (
     id TINYINT NOT NULL PRIMARY KEY,
     beat BIGINT NOT NULL COMMENT 'microseconds of the clock of the primary that wrote it'
   ) ENGINE=InnoDB COMMENT='Realmgate: one row, written each second, to measure replicas by'`,
  `INSERT IGNORE INTO realmgate_heartbeat (id, beat)
     VALUES (1, CAST(UNIX_TIMESTAMP(NOW(6)) * 1000000 AS SIGNED))`,
  `CREATE TABLE IF NOT EXISTS realmgate_fences (
     name VARCHAR(128) CHARACTER SET ascii COLLATE ascii_bin NOT NULL PRIMARY KEY,
     fence BIGINT NOT NULL COMMENT 'the newest that a committed write carried, or a counter gave',
     used_at DATETIME NOT NULL COMMENT 'UTC',
     KEY (used_at)
   ) ENGINE=InnoDB COMMENT='Realmgate: one row per lock whose fences this shard has seen'`,
  // No index but the key: rows are few, and each costs its write one more statement as it is.
  `CREATE TABLE IF NOT EXISTS realmgate_outbox (
     id BIGINT NOT NULL AUTO_INCREMENT PRIMARY KEY,
     tags MEDIUMTEXT CHARACTER SET utf8mb4 COLLATE utf8mb4_bin NOT NULL COMMENT 'a JSON array',
     created_at DATETIME(6) NOT NULL DEFAULT (UTC_TIMESTAMP(6)) COMMENT 'UTC'
   ) ENGINE=InnoDB COMMENT='Realmgate: what writes changed and caches were not told of yet'`,
];

const VERSIONS = `CREATE TABLE IF NOT EXISTS realmgate_schema (
    version INT NOT NULL PRIMARY KEY,
    installed_at DATETIME(6) NOT NULL
  ) ENGINE=InnoDB COMMENT='Realmgate: which steps of its own tables were made'`;

/** What an install did. */
export interface SchemaInstalled {
  /** The schema's version before: 0 where there was none. */
  readonly from: number;
  readonly to: number;
}

/**
 * Makes or upgrades Realmgate's own tables (`realmgate_*`) in the session's database. Does nothing
 * where they are there already; two installs at once are safe.
 *
 * @throws {SqlError} what the server says, such as a missing privilege
 */
export async function installSchema(session: MysqlSession): Promise<SchemaInstalled> {
  await session.query(VERSIONS);
  const [row] = await rows(session, "SELECT COALESCE(MAX(version), 0) FROM realmgate_schema");
  const from = Number(row?.[0]);
  for (let version = from + 1; version <= STEPS.length; version++) {
    await session.query(STEPS[version - 1] ?? "");
    await session.query(
      `INSERT IGNORE INTO realmgate_schema (version, installed_at)
         VALUES (${version}, UTC_TIMESTAMP(6))`,
    );
  }
  return { from, to: Math.max(from, STEPS.length) };
}

/** Whether the session's server takes writes. */
export async function isWritable(session: MysqlSession): Promise<boolean> {
  const [row] = await rows(session, "SELECT @@global.read_only");
  return Number(row?.[0]) === 0;
}

async function rows(session: MysqlSession, sql: string): Promise<readonly (readonly unknown[])[]> {
  const answer = await session.query(sql);
  if (answer.kind === "rows") return answer.rows;
  throw new SqlError("server", "the server gave no rows where it must");
}
