import mysql, { type Connection, type ConnectionOptions } from "mysql2";
import type { Scope } from "../core/scope.ts";
import { type MysqlDriver, type MysqlSession, type MysqlTarget, SqlError } from "./mysql.ts";
import { toSqlError } from "./mysql2_errors.ts";
import { Mysql2Session } from "./mysql2_session.ts";

/** How sessions are set up. */
export interface Mysql2DriverOptions {
  /**
   * When the server ends a statement by itself. Deadlines are kept by KILL; this one holds when
   * the process that would send it is dead. @default {60_000}
   */
  readonly backstopMs?: number;
  /** Rows of a SELECT without a LIMIT of its own, so that no result fills the memory. @default {100_001} */
  readonly maxRows?: number;
}

/** Opens sessions through mysql2. */
export class Mysql2Driver implements MysqlDriver {
  readonly #backstopMs: number;
  readonly #maxRows: number;

  constructor(options: Mysql2DriverOptions = {}) {
    this.#backstopMs = options.backstopMs ?? 60_000;
    this.#maxRows = options.maxRows ?? 100_001;
  }

  async connect(target: MysqlTarget, scope: Scope): Promise<MysqlSession> {
    const connection = mysql.createConnection(optionsOf(target));
    let ended: (() => void) | undefined;
    try {
      await new Promise<void>((resolve, reject) => {
        ended = () => reject(new SqlError("connect_failed", "the connection took too long"));
        scope.onEnd(ended);
        connection.on("error", reject);
        connection.connect((error) => error ? reject(error) : resolve());
      });
      const session = new Mysql2Session(connection, { setUp: this.#setUpFor(connection) });
      await Promise.race([
        session.query(this.#setUpFor(connection)),
        new Promise<never>((_, reject) =>
          scope.onEnd(
            ended = () =>
              reject(new SqlError("connect_failed", "the session's set-up took too long")),
          )
        ),
      ]);
      return session;
    } catch (error) {
      connection.destroy();
      throw toSqlError(error, true);
    } finally {
      if (ended !== undefined) scope.offEnd(ended);
    }
  }

  #setUpFor(connection: Connection): string {
    const { _isMariaDB: mariadb } = connection as unknown as { readonly _isMariaDB?: boolean };
    const own = mariadb
      ? `session_track_system_variables = 'last_gtid', max_statement_time = ${
        this.#backstopMs / 1_000
      }`
      : `session_track_gtids = 'OWN_GTID', max_execution_time = ${this.#backstopMs}`;
    return `SET time_zone = '+00:00', sql_select_limit = ${this.#maxRows}, ${own}`;
  }
}

function optionsOf(target: MysqlTarget): ConnectionOptions {
  const { tls } = target;
  return {
    ...(target.socketPath === undefined
      ? { host: target.host, port: target.port }
      : { socketPath: target.socketPath }),
    user: target.user,
    password: target.password,
    ...(target.database === undefined ? {} : { database: target.database }),
    ...(tls === undefined ? {} : {
      ssl: {
        ...(tls.ca === undefined ? {} : { ca: tls.ca }),
        rejectUnauthorized: true,
        verifyIdentity: tls.verifyIdentity ?? true,
      },
    }),
    charset: "utf8mb4_general_ci",
    supportBigNumbers: true,
    bigNumberStrings: true,
    dateStrings: true,
    timezone: "Z",
    rowsAsArray: true,
    jsonStrings: true,
    flags: ["SESSION_TRACK"],
    multipleStatements: false,
    maxPreparedStatements: 256,
    // Scopes bound the dial; mysql2's own timer would only add a second rule.
    connectTimeout: 0,
  };
}
