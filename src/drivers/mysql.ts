import type { Scope } from "../core/scope.ts";

/**
 * A value as it is bound to a placeholder. Integers are decimal strings under a `CAST(? AS SIGNED)`
 * in the SQL, for a bound number is a DOUBLE to the server. Only `LIMIT ?`, which takes no CAST,
 * wants a number: a string there works as a prepared statement and fails as text.
 */
export type SqlValue = string | number | Uint8Array | null;

/** What the server says of one result column (the subset of the protocol that is used). */
export interface ColumnInfo {
  /** The name in the result, after `AS`. */
  readonly name: string;
  /** The protocol's type code, such as 8 for BIGINT. */
  readonly type: number;
  /** The protocol's flags: 1 NOT NULL, 32 UNSIGNED, 128 BINARY, … */
  readonly flags: number;
  /** The character set's number; 63 is binary. */
  readonly charset: number;
  /** The display length in the server's count; 1 on TINYINT(1). */
  readonly length: number;
  readonly decimals: number;
  /** What the statement calls the table, empty for expressions. */
  readonly table: string;
  /** The table's and column's own names, empty for expressions. */
  readonly orgTable: string;
  readonly orgName: string;
}

/**
 * A result set; each row is an array in the columns' order. BIGINT, DECIMAL, dates, times and JSON
 * are text, BLOBs are bytes. The text of a DATETIME or TIME may lack zeros at the end of its
 * fraction.
 */
export interface Rows {
  readonly kind: "rows";
  /** One and the same array for as long as a statement's columns stay the same. */
  readonly columns: readonly ColumnInfo[];
  readonly rows: readonly (readonly unknown[])[];
  /** There were more than sessions take: these are not all, and the session is closed. */
  readonly excess?: true;
}

/** The server's OK to a statement without a result set. */
export interface Ok {
  readonly kind: "ok";
  /** Matched rows (FOUND_ROWS is on), not only changed ones. */
  readonly affectedRows: number;
  /** Decimal digits, or `"0"` where no id was generated. */
  readonly insertId: string;
  /** The GTID that the server reported for this write, where it did. */
  readonly gtid: string | undefined;
  /** Whether a transaction is open behind it. */
  readonly inTransaction: boolean;
}

/** One statement of several that are sent at once. */
export interface SqlCommand {
  readonly sql: string;
  readonly values: readonly SqlValue[];
}

/** What one of them came to: a server's refusal of one says nothing of the others. */
export type Answer = Rows | Ok | SqlError;

/** What a transaction came to whose statements were sent together with its COMMIT. */
export interface Transacted {
  /** To each statement; the server ran one after the other, whatever became of those before. */
  readonly answers: readonly Answer[];
  /**
   * Whether it was open until its COMMIT. Otherwise the server has undone it at a statement that it
   * refused: those before are undone too, and those after stand for themselves. `undefined` where the
   * server did not tell: any of them may be applied.
   */
  readonly whole: boolean | undefined;
  readonly committed: Ok | SqlError;
}

/** What PREPARE tells of a statement. */
export interface Described {
  readonly columns: readonly ColumnInfo[];
  readonly parameterCount: number;
}

/** A command that was taken away from its caller; see {@linkcode MysqlSession.detach}. */
export interface DetachedCommand {
  /** Settles the caller's promise with a result. */
  readonly resolve: (result: Rows | Ok) => void;
  /** Settles the caller's promise with an error. */
  readonly reject: (error: Error) => void;
  /** Settles with the command's true end. */
  readonly end: Promise<Rows | Ok>;
}

/**
 * One session on one server: the small part of a MySQL driver that Realmgate uses. Commands run
 * one at a time: the next may be given once the promise of the last has settled. Every promise
 * settles, at the latest when the session is destroyed.
 */
export interface MysqlSession {
  /** The server's id of this session, for KILL. */
  readonly threadId: number;
  /** Whose server it is on, by what that says of itself. */
  readonly system: "mariadb" | "mysql";
  /** Whether the transport is gone; it never comes back. */
  readonly closed: boolean;
  /**
   * Runs `sql` as a prepared statement. A read whose rows would fill the memory is given up on.
   *
   * @param once whether it is closed after that, in place of being kept for the next time
   * @throws {SqlError}
   */
  execute(sql: string, values: readonly SqlValue[], once?: boolean): Promise<Rows | Ok>;
  /**
   * Runs statements, as prepared ones, in a transaction of their own. All of it is sent at once and is
   * one command of the session.
   *
   * @param executed told when the last statement was answered, and only the COMMIT is waited for
   * @throws {SqlError} where one cannot be prepared, of which nothing was run; `connection_lost` if
   * any may have run
   */
  transact(commands: readonly SqlCommand[], executed?: () => void): Promise<Transacted>;
  /** Runs `sql` as text, without parameters. @throws {SqlError} */
  query(sql: string): Promise<Rows | Ok>;
  /** Prepares `sql` without running it. @throws {SqlError} */
  describe(sql: string): Promise<Described>;
  /**
   * Takes the command under way away from its caller, whose promise is from now on settled by
   * whoever detached it; the session stays busy until the command's true end. `undefined` if no
   * command is under way.
   */
  detach(): DetachedCommand | undefined;
  /**
   * COM_RESET_CONNECTION: drops transaction, variables and prepared statements; then sets the
   * session up again as `connect` did.
   */
  reset(): Promise<void>;
  /** COM_PING. */
  ping(): Promise<void>;
  /** Says goodbye and closes. */
  end(): Promise<void>;
  /** Closes at once; commands under way fail with `connection_lost`. */
  destroy(): void;
  /** Calls back once when the transport is gone, for whatever reason; at once if it already is. */
  onClose(callback: () => void): void;
}

/** Where a server is and who logs in. */
export interface MysqlTarget {
  readonly host: string;
  readonly port: number;
  /** A unix socket, in place of host and port. */
  readonly socketPath?: string;
  readonly user: string;
  readonly password: string;
  readonly database?: string;
  readonly tls?: MysqlTls;
}

/** How to speak TLS to a server. */
export interface MysqlTls {
  /** PEM text of the authority that signed the server's certificate; default: the system's. */
  readonly ca?: string;
  /** Whether the certificate must name the host. @default {true} */
  readonly verifyIdentity?: boolean;
}

/** Opens sessions. */
export interface MysqlDriver {
  /**
   * Opens a session within the scope; a session that arrives after the scope's end is destroyed.
   *
   * @throws {SqlError} `connect_failed`, or a server's refusal such as a wrong password
   */
  connect(target: MysqlTarget, scope: Scope): Promise<MysqlSession>;
}

/** Where an {@linkcode SqlError} comes from. */
export type SqlErrorKind = "server" | "connect_failed" | "connection_lost";

/** A failure of a command or a connection, in one form for every driver. */
export class SqlError extends Error {
  override readonly name = "SqlError";
  /** `server`: the server answered with an error, and the session goes on. */
  readonly kind: SqlErrorKind;
  /** The server's error number, such as 1062; 0 where no server answered. */
  readonly errno: number;
  /** The SQLSTATE; empty where no server answered. */
  readonly sqlState: string;

  /** @param message the server's or the driver's own text: for logs, never for callers */
  constructor(
    kind: SqlErrorKind,
    message: string,
    options: { readonly errno?: number; readonly sqlState?: string; readonly cause?: unknown } = {},
  ) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.kind = kind;
    this.errno = options.errno ?? 0;
    this.sqlState = options.sqlState ?? "";
  }
}
