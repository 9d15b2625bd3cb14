// One text for every server: MariaDB alone reads what stands in `/*M! … */`, MySQL 8 alone what
// stands in `/*!80000 … */`, and others are left with NULL. The MySQL half was never run on a live
// MySQL server: it follows the manual, and the order of a commit in the source of MySQL 8.0 to 9.

/**
 * What a replica has applied, as a column. On MySQL a transaction is counted after it can be seen.
 */
export const APPLIED = "COALESCE(/*M! @@global.gtid_slave_pos, */ " +
  "/*!80000 @@global.gtid_executed, */ NULL)";

/**
 * What a primary has committed, as a column: at least all that any statement before has seen. Empty
 * or NULL where nothing is written to a binary log with GTIDs.
 *
 * MariaDB logs a transaction before it can be seen. MySQL counts one as executed only after it can be
 * seen, together with others of its group; until then it is owned by its session. A transaction goes
 * from the one to the other, so they are read in this order: `uuid:7#31:8#32`, each number with its
 * session, and the set.
 */
export const COMMITTED = "COALESCE(/*M! @@global.gtid_binlog_pos, */ /*!80000 " +
  "IF(@@global.log_bin AND @@global.gtid_mode LIKE 'ON%', CONCAT_WS(',', " +
  "NULLIF(REGEXP_REPLACE(@@global.gtid_owned, '#[0-9]+', ''), ''), " +
  "NULLIF(@@global.gtid_executed, '')), NULL), */ NULL)";
