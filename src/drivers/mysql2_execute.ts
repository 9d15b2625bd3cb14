import type { Rows } from "./mysql.ts";
import type {
  Mysql2Callback,
  Mysql2Column,
  Mysql2Command,
  Mysql2Connection,
  Mysql2Packet,
  Mysql2Statement,
} from "./mysql2_connection.ts";
import { type Mysql2RowParser, type RowReader, rowReader } from "./mysql2_rows.ts";
import type { Prepared } from "./mysql2_statements.ts";

/** MARIADB_CLIENT_CACHE_METADATA, of MariaDB's extended capabilities; its servers have it since 10.6. */
const CACHE_METADATA = 0x10;

/** mysql2's handshake, as far as it is told what to ask for. */
interface Mysql2Handshake {
  readonly handshake?: { readonly mariadbExtendedCapabilityFlags: number };
  mariadbExtendedClientFlags: number;
}

/**
 * Asks the server to leave the columns of a prepared statement's result out where they are those that
 * it sent last: for small results they are most of what is sent and read. Servers that offer no such
 * thing are not asked.
 *
 * @param connection before its server has said anything
 */
export function leaveOutKnownColumns({ _command }: Mysql2Connection): void {
  const handshake = _command as Mysql2Handshake;
  let asked = handshake.mariadbExtendedClientFlags;
  Object.defineProperty(handshake, "mariadbExtendedClientFlags", {
    get() {
      const offered = handshake.handshake?.mariadbExtendedCapabilityFlags ?? 0;
      return asked | (offered & CACHE_METADATA);
    },
    set(flags: number) {
      asked = flags;
    },
  });
}

/** mysql2's own command for a prepared statement. */
interface Mysql2Execute extends Mysql2Command {
  readonly options: unknown;
  /** The columns that it has read so far, of each result; an OK has none. */
  readonly _fields: readonly (readonly Mysql2Column[] | undefined)[];
  /** The rows that it has read so far, of each result. */
  readonly _rows: readonly (Rows["rows"] | undefined)[];
  buildParserFromFields(
    columns: readonly Mysql2Column[],
    connection: Mysql2Connection,
  ): new () => Mysql2RowParser;
}

type Mysql2ExecuteClass = new (
  options: { readonly statement: Mysql2Statement; readonly values: readonly unknown[] },
  done: Mysql2Callback,
) => Mysql2Execute;

/** What is taken of a read's result at most. */
export interface ResultLimit {
  readonly rows: number;
  readonly bytes: number;
  /** Told of what was read until then in place of the answer, once there is more. */
  readonly onExcess: (rows: Rows["rows"], columns: readonly Mysql2Column[]) => void;
}

/** What comes next of an answer whose columns are left out, or that mysql2 reads. */
type Next = "header" | "end_of_columns" | "row" | "for_mysql2" | "nothing";

/**
 * Runs a prepared statement. mysql2's command sends it, and reads every answer but the most frequent:
 * rows whose columns are known.
 */
class Execute implements Mysql2Command {
  readonly #inner: Mysql2Execute;
  readonly #prepared: Prepared;
  readonly #rows: (readonly unknown[])[] = [];
  #next: Next = "header";
  #bytes = 0;
  readonly #limit: ResultLimit;
  readonly onResult: Mysql2Callback;

  constructor(inner: Mysql2Execute, prepared: Prepared, done: Mysql2Callback, limit: ResultLimit) {
    this.#inner = inner;
    this.#prepared = prepared;
    this.#limit = limit;
    this.onResult = done;
  }

  execute(packet: Mysql2Packet | undefined, connection: Mysql2Connection): boolean {
    if (this.#next === "nothing") return false;
    if (packet === undefined || this.#next === "for_mysql2" || packet.isError()) {
      return this.#byMysql2(packet, connection);
    }
    if (this.#next === "row") return this.#row(packet, connection);
    if (this.#next === "end_of_columns") this.#next = "row";
    else if (leavesColumnsOut(packet, this.#prepared)) this.#next = "end_of_columns";
    else {
      this.#next = "for_mysql2";
      return this.#byMysql2(packet, connection);
    }
    return false;
  }

  /**
   * The columns are learnt as soon as the answer has ended, even in an error: the server takes them
   * for known from then on, and the next answer may be in the same read.
   */
  #byMysql2(packet: Mysql2Packet | undefined, connection: Mysql2Connection): boolean {
    const inner = this.#inner;
    const [rows] = inner._rows;
    if (rows !== undefined && packet?.isEOF() === false && this.#isFull(packet, rows)) {
      return this.#giveUp(rows, inner._fields[0] ?? []);
    }
    const ended = inner.execute(packet, connection);
    const [columns] = inner._fields;
    // A procedure has several results, and none that its statement is known by.
    if (ended && columns !== undefined && inner._fields.length === 1) this.#prepared.learn(columns);
    return ended;
  }

  #row(packet: Mysql2Packet, connection: Mysql2Connection): boolean {
    const prepared = this.#prepared;
    if (packet.isEOF()) {
      this.onResult(null, this.#rows, prepared.definitions);
      return true;
    }
    const rows = this.#rows;
    if (this.#isFull(packet, rows)) return this.#giveUp(rows, prepared.definitions);
    prepared.reader ??= this.#reader(packet, connection);
    rows.push(prepared.reader(packet));
    return false;
  }

  /** A write is read to its end: it would go on without its reader. */
  #isFull({ offset, end }: Mysql2Packet, rows: Rows["rows"]): boolean {
    const bytes = this.#bytes += end - offset;
    const limit = this.#limit;
    return (bytes > limit.bytes || rows.length > limit.rows) && this.#prepared.reads;
  }

  #giveUp(rows: Rows["rows"], columns: readonly Mysql2Column[]): false {
    this.#next = "nothing";
    this.#limit.onExcess(rows, columns);
    return false;
  }

  #reader(like: Mysql2Packet, connection: Mysql2Connection): RowReader {
    const { definitions } = this.#prepared;
    const { options } = this.#inner;
    const Parser = this.#inner.buildParserFromFields(definitions, connection);
    return rowReader(new Parser(), definitions, { options, like });
  }
}

/**
 * Whether a result begins so: the number of its columns, and a zero where they do not follow.
 *
 * @throws {Error} if they are left out though nobody knows them: what follows cannot be read
 */
function leavesColumnsOut(
  { buffer, offset, end }: Mysql2Packet,
  { definitions: { length: known } }: Prepared,
): boolean {
  const first = buffer[offset] ?? 0;
  // No columns are an OK, and a file that is asked for is 0xFB.
  if (first === 0 || first === 0xfb) return false;
  const long = first === 0xfc;
  const flag = offset + (long ? 3 : 1);
  if (flag >= end || buffer[flag] !== 0) return false;
  const count = long ? (buffer[offset + 1] ?? 0) + 256 * (buffer[offset + 2] ?? 0) : first;
  if (count === known) return true;
  throw new Error(`the server left out ${count} columns where ${known} are known`);
}

/** Runs the prepared statements of one connection. */
export class Executions {
  readonly #connection: Mysql2Connection;
  readonly #limit: ResultLimit;
  /** mysql2's class, which it does not export. */
  #own: Mysql2ExecuteClass | undefined;

  constructor(connection: Mysql2Connection, limit: ResultLimit) {
    this.#connection = connection;
    this.#limit = limit;
  }

  /**
   * Gives a statement to the connection.
   *
   * @param done told once: of rows whose columns were known and of an error at once, else in the next tick
   */
  run(prepared: Prepared, values: readonly unknown[], done: Mysql2Callback): void {
    const { handle } = prepared;
    const Own = this.#own ??= classOf(this.#connection, handle);
    const inner = new Own({ statement: handle, values }, done);
    this.#connection.addCommand(new Execute(inner, prepared, done, this.#limit));
  }
}

/** The class of what the handle gives to its connection. */
function classOf(connection: Mysql2Connection, handle: Mysql2Statement): Mysql2ExecuteClass {
  const { addCommand } = connection;
  let given: object = {};
  connection.addCommand = (command) => given = command;
  try {
    handle.execute([], () => {});
  } finally {
    connection.addCommand = addCommand;
  }
  return given.constructor as Mysql2ExecuteClass;
}
