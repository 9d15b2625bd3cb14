import type { Mysql2Column, Mysql2Packet } from "./mysql2_connection.ts";

/** Reads a row of a result. */
export type RowReader = (packet: Mysql2Packet) => readonly unknown[];

/** What mysql2 compiles for a result's columns. */
export interface Mysql2RowParser {
  next(packet: unknown, columns: readonly Mysql2Column[], options: unknown): readonly unknown[];
}

/** mysql2's packet, with the part of its inside that reading a row uses. */
interface OpenPacket {
  buffer: Uint8Array;
  offset: number;
  end: number;
  readInt32(): number;
  readSInt64String(): string;
  readInt64String(): string;
}

/**
 * A reader of rows. mysql2's parser reads them, from a packet whose BIGINTs become text by way of a
 * number where that is exact, which is quicker than mysql2's division.
 */
export function rowReader(
  parser: Mysql2RowParser,
  columns: readonly Mysql2Column[],
  { options, like }: { readonly options: unknown; readonly like: Mysql2Packet },
): RowReader {
  const packet = quickIntegers(Object.getPrototypeOf(like) as OpenPacket);
  return ({ buffer, offset, end }) => {
    packet.buffer = buffer;
    packet.offset = offset;
    packet.end = end;
    return parser.next(packet, columns, options);
  };
}

/** A packet of mysql2's kind. */
function quickIntegers(kind: OpenPacket): OpenPacket {
  const quick: Pick<OpenPacket, "readSInt64String" | "readInt64String"> & ThisType<OpenPacket> = {
    readSInt64String() {
      const low = this.readInt32();
      const value = low + 0x1_0000_0000 * (this.readInt32() | 0);
      if (Number.isSafeInteger(value)) return String(value);
      this.offset -= 8;
      return kind.readSInt64String.call(this);
    },
    readInt64String() {
      const low = this.readInt32();
      const value = low + 0x1_0000_0000 * this.readInt32();
      if (Number.isSafeInteger(value)) return String(value);
      this.offset -= 8;
      return kind.readInt64String.call(this);
    },
  };
  return Object.create(Object.setPrototypeOf(quick, kind));
}
