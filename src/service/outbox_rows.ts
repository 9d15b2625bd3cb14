import type { MysqlSession, Ok, Rows } from "../drivers/mysql.ts";

/** A row of the outbox. */
export interface OutboxRow {
  readonly id: string;
  /** What its write changed; `undefined` where another version must have written it. */
  readonly tags: readonly string[] | undefined;
}

/** Rows that are read at once. */
export const OUTBOX_SLICE = 1_000;

const OLDEST = `SELECT id, tags FROM realmgate_outbox ORDER BY id LIMIT ${OUTBOX_SLICE}`;
const OUTDATED = "SELECT id, tags FROM realmgate_outbox " +
  "WHERE created_at < UTC_TIMESTAMP(6) - INTERVAL CAST(? AS SIGNED) SECOND " +
  `ORDER BY id LIMIT ${OUTBOX_SLICE}`;
/**
 * By the key, row by row. For `id IN (…)` a server is free to scan the table, and MariaDB does so
 * where the table is short or the list is long: it would wait for the rows of every write that is
 * under way.
 */
const DELETE = "DELETE o FROM JSON_TABLE(?, '$[*]' COLUMNS (id BIGINT PATH '$')) AS t " +
  "STRAIGHT_JOIN realmgate_outbox AS o FORCE INDEX (PRIMARY) ON o.id = t.id";

/** The oldest rows that are committed, {@linkcode OUTBOX_SLICE} at most. @throws {SqlError} */
export async function oldestRows(session: MysqlSession): Promise<OutboxRow[]> {
  return toRows(await session.query(OLDEST));
}

/** Of the rows that are older than so long, the oldest. @throws {SqlError} */
export async function outdatedRows(session: MysqlSession, ageMs: number): Promise<OutboxRow[]> {
  return toRows(await session.execute(OUTDATED, [String(Math.ceil(ageMs / 1_000))]));
}

/** Deletes exactly these rows, those that are still there. @throws {SqlError} */
export async function deleteRows(
  session: MysqlSession,
  rows: readonly OutboxRow[],
): Promise<void> {
  await session.execute(DELETE, [JSON.stringify(rows.map(({ id }) => id))]);
}

function toRows(answer: Rows | Ok): OutboxRow[] {
  if (answer.kind !== "rows") return [];
  return answer.rows.map(([id, tags]) => ({ id: String(id), tags: readTags(String(tags)) }));
}

function readTags(text: string): string[] | undefined {
  try {
    const tags: unknown = JSON.parse(text);
    return Array.isArray(tags) && tags.every((tag) => typeof tag === "string") ? tags : undefined;
  } catch {
    return undefined;
  }
}
