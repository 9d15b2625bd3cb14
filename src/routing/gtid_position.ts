import {
  formatMariadbGtids,
  includesMariadbGtids,
  joinMariadbGtids,
  type MariadbGtids,
  parseMariadbGtids,
} from "./mariadb_gtids.ts";
import {
  formatMysqlGtids,
  includesMysqlGtids,
  joinMysqlGtids,
  type MysqlGtids,
  parseMysqlGtids,
  spanMysqlGtids,
} from "./mysql_gtids.ts";

/** How far a server is, or what a read must see; never nothing. In the form of its server. */
export type GtidPosition =
  | { readonly form: "mariadb"; readonly gtids: MariadbGtids }
  | { readonly form: "mysql"; readonly gtids: MysqlGtids };

/** Longer texts are sets with thousands of holes, which no replica's working order leaves behind. */
const MAX_LENGTH = 16_384;

/**
 * Reads a position as MariaDB or MySQL 8 writes it.
 *
 * @returns `undefined` if there is none in it: it is empty, in no form that is known here, or has
 * more than 16,384 characters
 *
 * @example
 * ```ts
 * import { hasReached, parsePosition } from "./gtid_position.ts";
 * import { assert, assertEquals } from "@std/assert";
 *
 * const [floor, position] = [parsePosition("0-1-100"), parsePosition("0-1-101")];
 * assert(floor !== undefined && position !== undefined && hasReached(position, floor));
 * assertEquals(parsePosition("3e11fa47-71ca-11e1-9e33-c80aa9429562:1-5")?.form, "mysql");
 * ```
 */
export function parsePosition(text: string): GtidPosition | undefined {
  if (text === "" || text.length > MAX_LENGTH) return undefined;
  const ofMariadb = parseMariadbGtids(text);
  if (ofMariadb !== undefined) return { form: "mariadb", gtids: ofMariadb };
  const ofMysql = parseMysqlGtids(text);
  return ofMysql === undefined || ofMysql.size === 0
    ? undefined
    : { form: "mysql", gtids: ofMysql };
}

/** A position as its server reads it; always the same text for the same position. */
export function formatPosition(position: GtidPosition): string {
  return position.form === "mariadb"
    ? formatMariadbGtids(position.gtids)
    : formatMysqlGtids(position.gtids);
}

/**
 * The least position that is not before either.
 *
 * @returns `undefined` for two of different forms
 */
export function joinPositions(one: GtidPosition, other: GtidPosition): GtidPosition | undefined {
  if (one.form === "mariadb" && other.form === "mariadb") {
    return { form: "mariadb", gtids: joinMariadbGtids(one.gtids, other.gtids) };
  }
  if (one.form === "mysql" && other.form === "mysql") {
    return { form: "mysql", gtids: joinMysqlGtids(one.gtids, other.gtids) };
  }
  return undefined;
}

/** Whether a server that is at `position` has certainly applied all up to `floor`. */
export function hasReached(position: GtidPosition, floor: GtidPosition): boolean {
  if (position.form === "mariadb") {
    return floor.form === "mariadb" && includesMariadbGtids(position.gtids, floor.gtids);
  }
  return floor.form === "mysql" && includesMysqlGtids(position.gtids, floor.gtids);
}

/**
 * A position that is not before this one, and short: what is to be seen may be asked for so, for
 * whoever has the last of a server's transactions mostly has those in between. What a server *has*
 * must not be told so. MariaDB's positions have no holes.
 */
export function withoutHoles(position: GtidPosition): GtidPosition {
  return position.form === "mariadb"
    ? position
    : { form: "mysql", gtids: spanMysqlGtids(position.gtids) };
}
