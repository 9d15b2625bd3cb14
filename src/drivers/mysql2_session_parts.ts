import type { MysqlSession } from "./mysql.ts";
import type { ColumnShapes } from "./mysql2_columns.ts";
import type { Mysql2Connection, SessionSocket } from "./mysql2_connection.ts";
import type { ResultLimit } from "./mysql2_execute.ts";

/** What a session is made from. */
export interface Mysql2SessionParts {
  /** Past its handshake. */
  readonly connection: Mysql2Connection;
  /** What the connection speaks over, below TLS. */
  readonly socket: SessionSocket;
  /** What sets the session up after a reset; one statement. */
  readonly setUp: string;
  readonly system: MysqlSession["system"];
  readonly shapes: ColumnShapes;
  /** What is taken of a read's result at most. */
  readonly room: Pick<ResultLimit, "rows" | "bytes">;
}
