import { type MysqlSession, SqlError } from "../drivers/mysql.ts";
import type { PartitionStep } from "./partition_plan.ts";
import { MAX_COPIED_ROWS } from "./plan_upkeep.ts";
import { quoteName } from "./sql_text.ts";
import { countRows } from "./table_reader.ts";

/** What became of one attempt: `busy` and `filled` changed nothing. */
export type Attempt = "done" | "busy" | "filled";

/** How long the table is asked for: whatever comes meanwhile waits behind the request. */
const LOCK_WAIT_MS = 250;

const ER_TABLE_EXISTS = 1050;
const ER_PARSE = 1064;
const ER_LOCK_WAIT_TIMEOUT = 1205;
/** MariaDB's, for `max_statement_time`. */
const ER_STATEMENT_TIMEOUT = 1969;

/**
 * Runs one step of an upkeep, having locked the table first.
 *
 * ALTER TABLE waits for a metadata lock behind every transaction that has used the table, and all
 * that comes after it waits behind ALTER TABLE. `lock_wait_timeout` counts in whole seconds, and a
 * time limit of the statement could end it half-way. So LOCK TABLES asks for the table, which can be
 * cut off after a quarter of a second with nothing done; the change itself then waits for nobody.
 *
 * MySQL has no time limit for LOCK TABLES: there it is the second of `lock_wait_timeout`.
 *
 * @throws {SqlError} what the server says of the step; `connection_lost`: nobody knows
 */
export async function runLocked(
  session: MysqlSession,
  options: { readonly table: string; readonly step: PartitionStep },
): Promise<Attempt> {
  const { table, step } = options;
  await session.query(
    `SET lock_wait_timeout = 1 /*M!, max_statement_time = ${LOCK_WAIT_MS / 1_000} */`,
  );
  try {
    await session.query(`LOCK TABLES ${quoteName(table)} WRITE`);
  } catch (error) {
    if (isBusy(error)) return "busy";
    throw error;
  }
  await session.query("SET lock_wait_timeout = 1 /*M!, max_statement_time = 0 */");
  let leftover = false;
  try {
    if (step.catchAll !== undefined) {
      const rows = await countRows(session, { table, partition: step.catchAll });
      if (rows > MAX_COPIED_ROWS) return "filled";
    }
    await change(session, step);
  } catch (error) {
    if (isBusy(error)) return "busy";
    if (errnoOf(error) !== ER_TABLE_EXISTS) throw error;
    leftover = true;
  } finally {
    if (!session.closed) await session.query("UNLOCK TABLES");
  }
  await finish(session, step);
  // What an interrupted run has left behind is gone now.
  return leftover ? "busy" : "done";
}

/** Where somebody looks at what is to be dropped it stays, until the next one is to be. */
async function finish(session: MysqlSession, { sql: [, ...rest] }: PartitionStep): Promise<void> {
  try {
    for (const sql of rest) await session.query(sql);
  } catch (error) {
    if (!isBusy(error)) throw error;
  }
}

/** Servers before MariaDB 10.7, and MySQL, cannot make a table of a partition. */
async function change(
  session: MysqlSession,
  { sql: [first], plain }: PartitionStep,
): Promise<void> {
  try {
    await session.query(first);
  } catch (error) {
    if (plain === undefined || errnoOf(error) !== ER_PARSE) throw error;
    await session.query(plain);
  }
}

function errnoOf(error: unknown): number {
  return error instanceof SqlError ? error.errno : 0;
}

function isBusy(error: unknown): boolean {
  return [ER_LOCK_WAIT_TIMEOUT, ER_STATEMENT_TIMEOUT].includes(errnoOf(error));
}
