/** The part of mysql2's column definition that is read here. */
export interface Mysql2Column {
  readonly name: string;
  readonly columnType: number;
  readonly flags: number;
  readonly characterSet: number;
  readonly columnLength: number;
  readonly decimals: number;
  readonly table: string;
  readonly orgTable: string;
  readonly orgName: string;
  /** MariaDB's word for what a text column holds, such as `json`. */
  readonly extendedFormat?: string;
}

/** What a server says in an OK of its session's state, as mysql2 reads it. */
export interface StateChanges {
  readonly systemVariables: Readonly<Record<string, string>>;
  readonly gtids: readonly string[];
}

/** The part of mysql2's OK packet that is read here. */
export interface Mysql2Ok {
  readonly serverStatus?: number;
  readonly affectedRows: number | string;
  readonly insertId: number | string;
  readonly stateChanges?: StateChanges;
}

/** What a command calls back with; `fields` only where there is a result set. */
export type Mysql2Callback = (error: unknown, result?: unknown, fields?: unknown) => void;

/** A packet as mysql2 hands it out: the same object, filled anew for each. */
export interface Mysql2Packet {
  readonly buffer: Uint8Array;
  /** Where what is not read yet begins in the buffer. */
  readonly offset: number;
  readonly end: number;
  isError(): boolean;
  isEOF(): boolean;
}

/** mysql2's handle of a prepared statement; running it spares the look-up by text. */
export interface Mysql2Statement {
  readonly columns: readonly Mysql2Column[];
  readonly parameters: readonly unknown[];
  execute(values: readonly unknown[], callback: Mysql2Callback): unknown;
}

/** A command in mysql2's queue: given a packet of the answer at a time, it says when it has ended. */
export interface Mysql2Command {
  /** Told that the connection failed, too. */
  onResult?: (error: unknown) => void;
  execute(packet: Mysql2Packet | undefined, connection: Mysql2Connection): boolean;
}

/** The small part of mysql2's callback connection that Realmgate stands on. */
export interface Mysql2Connection {
  readonly threadId: number;
  /** The number that the next packet has. */
  sequenceId: number;
  readonly stream: { cork(): void; uncork(): void };
  /** What runs; before the connection is up its handshake. */
  readonly _command: unknown;
  /** Every command goes this way. */
  addCommand: (command: Mysql2Command) => unknown;
  on(event: "error", listener: (error: Error) => void): unknown;
  once(event: "error", listener: (error: Error) => void): unknown;
  once(event: "connect", listener: (hello: { readonly serverVersion: string }) => void): unknown;
  query(sql: string, callback: Mysql2Callback): unknown;
  format(sql: string, values: readonly unknown[]): string;
  prepare(sql: string, callback: (error: unknown, statement: Mysql2Statement) => void): unknown;
  unprepare(sql: string): unknown;
  reset(callback: (error: unknown) => void): unknown;
  ping(callback: (error: unknown) => void): unknown;
  end(): unknown;
}

/** What a session needs of the socket under its connection. */
export interface SessionSocket {
  readonly destroyed: boolean;
  on(event: "close", listener: () => void): unknown;
  destroy(): unknown;
}
