import {
  formatPosition,
  type GtidPosition,
  joinPositions,
  parsePosition,
  withoutHoles,
} from "../routing/gtid_position.ts";

/** What a client must see of one shard. */
export interface TokenEntry {
  /** The shard's epoch in which it was learnt; decimal digits. */
  readonly epoch: string;
  /**
   * GTIDs as the server writes them, MySQL's without holes; empty where no position is known, and
   * only the primary will do.
   */
  readonly position: string;
}

/** What a client has written, as far as its tokens tell. */
export interface SessionToken {
  /** By shard; those written last come last. */
  readonly entries: ReadonlyMap<string, TokenEntry>;
  /** Whether shards without an entry were dropped for want of room: they may have been written. */
  readonly dropped: boolean;
}

/** A write that was applied. */
export interface WrittenAt {
  readonly shard: string;
  /** The shard's epoch when it was sent. */
  readonly epoch: string;
  readonly result: { readonly gtid?: string | undefined };
}

/** Characters of one token, and how many of them one request may send. */
const MAX_LENGTH = 4_096;
const MAX_TOKENS = 16;
/** Base64 of these characters has letters and digits only. */
const TEXT = /^1(!?)((?:;[A-Za-z0-9_-]{1,63}:(?:0|[1-9]\d{0,18}):[\da-f,:-]*)*)$/;

/** What MariaDB reports of nearly every write: as it stands it is what would be made of it. */
const ONE_GTID = /^(0|[1-9]\d{0,9})-[1-9]\d{0,9}-[1-9]\d{0,18}$/;

/** What a request header with tokens must be, for errors. */
export const TOKEN_RULE = `must be 1 to ${MAX_TOKENS} tokens from earlier answers, with commas`;

/**
 * Reads what a client sent: one or several tokens, with commas between them, as one.
 *
 * @returns `undefined` if one of them is not what a server answered
 */
export function parseTokens(value: string): SessionToken | undefined {
  const [first, ...others] = value.split(",").map((text) => text.trim());
  if (first === undefined || others.length >= MAX_TOKENS) return undefined;
  let token = parseToken(first);
  for (const text of others) {
    const other = parseToken(text);
    token = token === undefined || other === undefined ? undefined : joinTokens(token, other);
  }
  return token;
}

/** The least that a client must see who has both tokens. */
export function joinTokens(one: SessionToken, other: SessionToken): SessionToken {
  const entries = new Map(one.entries);
  for (const [shard, entry] of other.entries) {
    const known = entries.get(shard);
    entries.set(shard, known === undefined ? entry : joinEntries(known, entry));
  }
  return { entries, dropped: one.dropped || other.dropped };
}

/**
 * The token to answer writes with, which ran side by side and after whatever the request's token
 * tells of.
 *
 * @param sent the request's own token
 */
export function tokenAfter(
  sent: SessionToken | undefined,
  writes: readonly [WrittenAt, ...WrittenAt[]],
): string {
  const [first] = writes;
  if (sent === undefined && writes.length === 1) {
    return encode(`1;${first.shard}:${first.epoch}:${positionOf(first)}`);
  }
  const written = new Map<string, TokenEntry>();
  for (const write of writes) {
    const entry = { epoch: write.epoch, position: positionOf(write) };
    const known = written.get(write.shard);
    written.set(write.shard, known === undefined ? entry : joinEntries(known, entry));
  }
  const entries = new Map(sent?.entries);
  for (const [shard, entry] of written) {
    const known = entries.get(shard);
    entries.delete(shard);
    entries.set(shard, known === undefined ? entry : advance(known, entry));
  }
  return encodeToken({ entries, dropped: sent?.dropped ?? false });
}

/**
 * A token as text. Where it would be too long, the shards that were not written for longest lose
 * their entries, and the token says so: reads of every shard without one then go to the primary.
 */
export function encodeToken({ entries, dropped }: SessionToken): string {
  const parts = [...entries].map(([shard, { epoch, position }]) =>
    `;${shard}:${epoch}:${position}`
  );
  let length = parts.reduce((sum, part) => sum + part.length, 2);
  let from = 0;
  for (; length > MAX_LENGTH * 3 / 4; from++) length -= parts[from]?.length ?? length;
  return encode(`1${dropped || from > 0 ? "!" : ""}${parts.slice(from).join("")}`);
}

/** Compares epochs: negative, zero or positive, as `a` is older, the same or newer. */
export function compareEpochs(a: string, b: string): number {
  return a.length - b.length || (a < b ? -1 : a > b ? 1 : 0);
}

function parseToken(text: string): SessionToken | undefined {
  if (text.length > MAX_LENGTH || !/^[A-Za-z0-9]+$/.test(text) || text.length % 4 === 1) {
    return undefined;
  }
  const [, mark, list] = TEXT.exec(atob(text)) ?? [];
  if (list === undefined) return undefined;
  const entries = new Map<string, TokenEntry>();
  for (const part of list.split(";").slice(1)) {
    const [shard = "", epoch = "", ...rest] = part.split(":");
    const position = rest.join(":");
    if (entries.has(shard)) return undefined;
    if (position !== "" && parsePosition(position) === undefined) return undefined;
    entries.set(shard, { epoch, position });
  }
  return { entries, dropped: mark === "!" };
}

/**
 * Of two entries that nobody put in order. Positions of two epochs do not compare, and either may
 * be of a primary that is one and the same: then only that will do.
 */
function joinEntries(one: TokenEntry, other: TokenEntry): TokenEntry {
  const order = compareEpochs(one.epoch, other.epoch);
  if (order !== 0) return { epoch: order > 0 ? one.epoch : other.epoch, position: "" };
  return { epoch: one.epoch, position: joinTexts(one.position, other.position) };
}

/** Of a write that came after all that `known` tells of. */
function advance(known: TokenEntry, written: TokenEntry): TokenEntry {
  const order = compareEpochs(written.epoch, known.epoch);
  if (order > 0 || (order === 0 && known.position === "")) return written;
  return order < 0 ? { epoch: known.epoch, position: "" } : joinEntries(known, written);
}

function joinTexts(one: string, other: string): string {
  const [a, b] = [parsePosition(one), parsePosition(other)];
  return a === undefined || b === undefined ? "" : toText(joinPositions(a, b));
}

/** A write whose GTID is in no form that is known here is read back from the primary. */
function positionOf({ result: { gtid } }: WrittenAt): string {
  if (gtid === undefined) return "";
  return ONE_GTID.test(gtid) ? gtid : toText(parsePosition(gtid));
}

/** Without holes a token stays short, however many writes of others came between its client's. */
function toText(position: GtidPosition | undefined): string {
  return position === undefined ? "" : formatPosition(withoutHoles(position));
}

function encode(text: string): string {
  return btoa(text).replace(/=+$/, "");
}
