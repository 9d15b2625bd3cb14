import { type MysqlSession, SqlError } from "../drivers/mysql.ts";

/** MySQL has no variable of this name. */
const ER_UNKNOWN_SYSTEM_VARIABLE = 1193;

/**
 * What a server has committed until now. Whatever any statement has shown before was in the binary
 * log by then, for a transaction gets there before it can be seen; so did what a session committed
 * that has ended.
 *
 * @returns its GTIDs in MariaDB's form; empty where it does not tell, as MySQL or without a binary log
 * @throws {SqlError}
 */
export async function committedPosition(session: MysqlSession): Promise<string> {
  try {
    const answer = await session.query("SELECT @@gtid_binlog_pos");
    const position = answer.kind === "rows" ? answer.rows[0]?.[0] : undefined;
    return typeof position === "string" ? position : "";
  } catch (error) {
    if (error instanceof SqlError && error.errno === ER_UNKNOWN_SYSTEM_VARIABLE) return "";
    throw error;
  }
}
