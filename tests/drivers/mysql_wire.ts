import type { MysqlTarget } from "../../src/drivers/mysql.ts";

/** The payload of one packet. */
export type Payload = Uint8Array;

/** What clients of a {@linkcode MysqlWire} sent it. */
export interface MysqlWire {
  readonly target: MysqlTarget;
  /** The text of each query, oldest first. */
  readonly queries: readonly string[];
}

const COM_QUIT = 0x01;
const COM_QUERY = 0x03;
const COM_RESET_CONNECTION = 0x1f;
const AUTOCOMMIT = 0x0002;
const SESSION_STATE_CHANGED = 0x4000;
/** LONG_PASSWORD, FOUND_ROWS, CONNECT_WITH_DB, PROTOCOL_41, TRANSACTIONS, SECURE_CONNECTION,
 * PLUGIN_AUTH, SESSION_TRACK. */
const CAPABILITIES = 0x1 | 0x2 | 0x8 | 0x200 | 0x2000 | 0x8000 | 0x80000 | 0x800000;

/**
 * Runs `test` against what says that it is MySQL 8.0 and speaks that protocol as MySQL's source
 * documentation describes it, with the bytes that the test has written for each query: for what
 * only a MySQL server says, where none can be had. It lets everybody in.
 *
 * @param answer the packets that answer a query, without their headers
 */
export async function withMysqlWire(
  answer: (sql: string) => readonly Payload[],
  test: (wire: MysqlWire) => Promise<void>,
): Promise<void> {
  const listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const queries: string[] = [];
  const served = new Set<Promise<void>>();
  const serveAll = (async () => {
    for await (const connection of listener) {
      served.add(serve(connection, (sql) => (queries.push(sql), answer(sql))).catch(() => {}));
    }
  })();
  const { port } = listener.addr;
  const target = { host: "127.0.0.1", port, user: "service", password: "secret" };
  try {
    await test({ target, queries });
  } finally {
    listener.close();
    await serveAll;
    await Promise.all(served);
  }
}

async function serve(
  connection: Deno.Conn,
  answer: (sql: string) => readonly Payload[],
): Promise<void> {
  try {
    await send(connection, 0, [greeting()]);
    await receive(connection);
    await send(connection, 2, [ok()]);
    for (;;) {
      const command = await receive(connection);
      if (command === undefined || command[0] === COM_QUIT) return;
      if (command[0] === COM_RESET_CONNECTION) await send(connection, 1, [ok()]);
      else if (command[0] === COM_QUERY) {
        await send(connection, 1, answer(new TextDecoder().decode(command.subarray(1))));
      } else throw new Error(`no answer to command ${command[0]}`);
    }
  } finally {
    connection.close();
  }
}

/** Protocol::HandshakeV10. */
function greeting(): Payload {
  return bytes(
    0x0a,
    text("8.0.36\0"),
    [7, 0, 0, 0],
    text("12345678\0"),
    [CAPABILITIES & 0xff, CAPABILITIES >> 8 & 0xff],
    0xff,
    [AUTOCOMMIT, 0],
    [CAPABILITIES >> 16 & 0xff, CAPABILITIES >> 24 & 0xff],
    21,
    new Array(10).fill(0),
    text("123456789012\0"),
    text("mysql_native_password\0"),
  );
}

/** OK_Packet with what is given, if anything, as its session state information. */
export function ok(sessionState: Payload = bytes()): Payload {
  const status = AUTOCOMMIT | (sessionState.length > 0 ? SESSION_STATE_CHANGED : 0);
  const head = bytes(0x00, 0x01, 0x00, [status & 0xff, status >> 8], [0, 0]);
  if (sessionState.length === 0) return head;
  return bytes(head, lengthEncoded(bytes()), lengthEncoded(sessionState));
}

/** Text resultset of one row; NULL for `null`. */
export function row(...values: (string | null)[]): Payload[] {
  const eof = bytes(0xfe, [0, 0], [AUTOCOMMIT, 0]);
  const column = (_value: unknown, at: number) =>
    bytes(
      ...["def", "", "", "", `c${at}`, ""].map((part) => lengthEncoded(text(part))),
      // utf8mb4, any length, VAR_STRING.
      [0x0c, 0xff, 0x00, 0xff, 0xff, 0x00, 0x00, 0xfd, 0, 0, 0, 0, 0],
    );
  const cells = values.map((value) => value === null ? bytes(0xfb) : lengthEncoded(text(value)));
  return [bytes(values.length), ...values.map(column), eof, bytes(...cells), eof];
}

/** string<lenenc>. */
export function lengthEncoded(content: Payload): Payload {
  const { length } = content;
  return length < 251
    ? bytes(length, content)
    : bytes(0xfc, [length & 0xff, length >> 8 & 0xff], content);
}

/** The bytes of a text. */
export function text(value: string): Payload {
  return new TextEncoder().encode(value);
}

/** One after another. */
export function bytes(...parts: (number | readonly number[] | Uint8Array)[]): Payload {
  return Uint8Array.from(parts.flatMap((part) => typeof part === "number" ? [part] : [...part]));
}

async function send(
  connection: Deno.Conn,
  sequence: number,
  payloads: readonly Payload[],
): Promise<void> {
  const packets = payloads.map((payload, n) => {
    const { length } = payload;
    return bytes([length & 0xff, length >> 8 & 0xff, length >> 16, sequence + n & 0xff], payload);
  });
  const all = bytes(...packets);
  for (let sent = 0; sent < all.length;) sent += await connection.write(all.subarray(sent));
}

async function receive(connection: Deno.Conn): Promise<Payload | undefined> {
  const header = await receiveExactly(connection, 4);
  if (header === undefined) return undefined;
  const [low = 0, middle = 0, high = 0] = header;
  return await receiveExactly(connection, low | middle << 8 | high << 16);
}

async function receiveExactly(
  connection: Deno.Conn,
  length: number,
): Promise<Uint8Array | undefined> {
  const buffer = new Uint8Array(length);
  for (let got = 0; got < length;) {
    const count = await connection.read(buffer.subarray(got));
    if (count === null) return undefined;
    got += count;
  }
  return buffer;
}
