import { connect as openSocket, type Socket } from "node:net";
import mysql, { type ConnectionOptions, type SslOptions } from "mysql2";
import type { Scope, ScopeEnd } from "../core/scope.ts";
import {
  type MysqlDriver,
  type MysqlSession,
  type MysqlTarget,
  type MysqlTls,
  SqlError,
} from "./mysql.ts";
import { ColumnShapes } from "./mysql2_columns.ts";
import type { Mysql2Connection } from "./mysql2_connection.ts";
import { toSqlError } from "./mysql2_errors.ts";
import { leaveOutKnownColumns } from "./mysql2_execute.ts";
import { Mysql2Session } from "./mysql2_session.ts";
import type { Mysql2SessionParts } from "./mysql2_session_parts.ts";
import { TcpSocket } from "./tcp_socket.ts";

const SQL_MODE = "STRICT_TRANS_TABLES,ERROR_FOR_DIVISION_BY_ZERO,NO_ENGINE_SUBSTITUTION";

/** How sessions are set up. */
export interface Mysql2DriverOptions {
  /**
   * When the server ends a statement by itself. Deadlines are kept by KILL; this one holds when
   * the process that would send it is dead. @default {60_000}
   */
  readonly backstopMs?: number;
  /** Rows that are taken of a read, so that no result fills the memory. @default {100_001} */
  readonly maxRows?: number;
  /** Bytes that are taken of a read, as the server sends them. @default {64 MiB} */
  readonly maxBytes?: number;
}

/**
 * Opens sessions through mysql2: UTC, utf8mb4, nothing that loses precision, affected rows counted
 * as matched rows, and the GTID of each write in its answer. One instance serves an isolate.
 */
export class Mysql2Driver implements MysqlDriver {
  readonly #backstopMs: number;
  readonly #room: Mysql2SessionParts["room"];
  readonly #shapes = new ColumnShapes();
  /** mysql2 shares TLS contexts and resumes sessions by the identity of this object. */
  readonly #tls = new WeakMap<MysqlTls, SslOptions>();

  constructor(options: Mysql2DriverOptions = {}) {
    this.#backstopMs = options.backstopMs ?? 60_000;
    this.#room = { rows: options.maxRows ?? 100_001, bytes: options.maxBytes ?? 64 * 1_048_576 };
  }

  async connect(target: MysqlTarget, scope: Scope): Promise<MysqlSession> {
    if (scope.ended !== undefined) throw tooLate(scope.ended);
    const socket = dial(target);
    const options = { ...this.#options(target), stream: () => socket };
    const connection = mysql.createConnection(options) as unknown as Mysql2Connection;
    // An "error" that nobody listens to would end the process.
    connection.on("error", () => {});
    leaveOutKnownColumns(connection);
    let abandon = (_end: ScopeEnd) => {};
    try {
      const version = await new Promise<string>((resolve, reject) => {
        scope.onEnd(
          abandon = (end) => {
            reject(tooLate(end));
            socket.destroy();
          },
        );
        connection.once("error", reject);
        connection.once("connect", ({ serverVersion }) => resolve(serverVersion));
      });
      const system = /mariadb/i.test(version) ? "mariadb" : "mysql";
      const setUp = this.#setUp(system);
      const shapes = this.#shapes;
      const room = this.#room;
      const session = new Mysql2Session({ connection, socket, setUp, system, shapes, room });
      await session.query(setUp);
      return session;
    } catch (error) {
      socket.destroy();
      throw asConnectError(error);
    } finally {
      scope.offEnd(abandon);
    }
  }

  /** One round trip for all that a session needs. */
  #setUp(system: MysqlSession["system"]): string {
    const own = system === "mariadb"
      ? `session_track_system_variables = 'last_gtid', max_statement_time = ${
        this.#backstopMs / 1_000
      }`
      : `session_track_gtids = 'OWN_GTID', max_execution_time = ${this.#backstopMs}`;
    // Strict, so that a value that does not fit is an error; and without ANSI_QUOTES, by which
    // statement files would read differently from session to session. Long texts are sorted by
    // more than their first 341 letters, for a page begins behind the whole text.
    return `SET time_zone = '+00:00', sql_mode = '${SQL_MODE}', ` +
      `sql_select_limit = ${this.#room.rows}, max_sort_length = 8192, ${own}`;
  }

  #options(target: MysqlTarget): ConnectionOptions {
    return {
      host: target.host,
      port: target.port,
      user: target.user,
      password: target.password,
      ...(target.database === undefined ? {} : { database: target.database }),
      ...(target.tls === undefined ? {} : { ssl: this.#sslOf(target.tls) }),
      charset: "utf8mb4_general_ci",
      supportBigNumbers: true,
      bigNumberStrings: true,
      dateStrings: true,
      timezone: "Z",
      rowsAsArray: true,
      jsonStrings: true,
      flags: ["SESSION_TRACK", "-LOCAL_FILES"],
      multipleStatements: false,
      maxPreparedStatements: 64,
      // Scopes bound the dial; mysql2's own timer would only add a second rule.
      connectTimeout: 0,
    };
  }

  #sslOf(tls: MysqlTls): SslOptions {
    const known = this.#tls.get(tls);
    if (known !== undefined) return known;
    const ssl: SslOptions = {
      ...(tls.ca === undefined ? {} : { ca: tls.ca }),
      rejectUnauthorized: true,
      verifyIdentity: tls.verifyIdentity ?? true,
    };
    this.#tls.set(tls, ssl);
    return ssl;
  }
}

/**
 * The socket is made here and not by mysql2, so that it can be closed at once: mysql2 only says
 * goodbye on it, which a stopped server would never answer. TLS wants one of Node's.
 */
function dial({ host, port, socketPath, tls }: MysqlTarget): Socket | TcpSocket {
  if (tls === undefined) {
    return new TcpSocket(
      socketPath === undefined ? { hostname: host, port } : { path: socketPath },
    );
  }
  const socket = socketPath === undefined
    ? openSocket({ host, port, noDelay: true, keepAlive: true })
    : openSocket({ path: socketPath });
  // mysql2 names the host to TLS only where it is a name. For an address the certificate would be
  // checked against the host that the socket remembers, else against "localhost".
  return Object.assign(socket, { _host: host });
}

function tooLate(end: ScopeEnd): SqlError {
  return new SqlError("connect_failed", `the connection was not up in time: ${end}`);
}

function asConnectError(error: unknown): SqlError {
  if (!(error instanceof SqlError)) return toSqlError(error, "connect_failed");
  if (error.kind !== "connection_lost") return error;
  return new SqlError("connect_failed", error.message, { cause: error });
}
