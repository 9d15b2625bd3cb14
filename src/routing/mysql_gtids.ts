/** Numbers from one to another, both included. */
export interface Interval {
  readonly from: bigint;
  readonly to: bigint;
}

/**
 * Which transactions a MySQL server has: of each server that wrote some, by its UUID in lower case,
 * their numbers. A server's intervals are in order and do not touch; none has no interval.
 */
export type MysqlGtids = ReadonlyMap<string, readonly [Interval, ...Interval[]]>;

const UUID = /^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;
const INTERVAL = /^(\d{1,19})(?:-(\d{1,19}))?$/;

/**
 * Reads a set as MySQL 8 writes it, such as `3e11fa47-71ca-11e1-9e33-c80aa9429562:1-5:7`, several
 * with commas between them, in any order; empty text is the empty set. By the grammar of GTID sets
 * in MySQL's manual, "GTID Format and Storage".
 *
 * @returns `undefined` if it is not one. Sets with tags, which MySQL has since 8.3, are not: their
 * numbers are counted for each tag, and would be taken for the server's own
 */
export function parseMysqlGtids(text: string): MysqlGtids | undefined {
  const sets = new Map<string, Interval[]>();
  for (const part of text.trim() === "" ? [] : text.split(",")) {
    const [uuid = "", ...ranges] = part.trim().toLowerCase().split(":");
    const intervals = ranges.map(parseInterval);
    if (!UUID.test(uuid) || intervals.length === 0) return undefined;
    const known = sets.get(uuid) ?? [];
    for (const interval of intervals) {
      if (interval === undefined) return undefined;
      known.push(interval);
    }
    sets.set(uuid, known);
  }
  return normal(sets);
}

/** A set as MySQL reads it; its servers in order. */
export function formatMysqlGtids(gtids: MysqlGtids): string {
  return [...gtids].sort(([a], [b]) => a < b ? -1 : 1)
    .map(([uuid, intervals]) => `${uuid}:${intervals.map(formatInterval).join(":")}`).join(",");
}

/** What either has. */
export function joinMysqlGtids(one: MysqlGtids, other: MysqlGtids): MysqlGtids {
  const sets = new Map<string, readonly Interval[]>(one);
  for (const [uuid, intervals] of other) sets.set(uuid, [...sets.get(uuid) ?? [], ...intervals]);
  return normal(sets);
}

/** Whether a server that has `gtids` has all of `floor`. */
export function includesMysqlGtids(gtids: MysqlGtids, floor: MysqlGtids): boolean {
  for (const [uuid, wanted] of floor) {
    const had = gtids.get(uuid);
    if (had === undefined) return false;
    const inside = ({ from, to }: Interval) => had.some((one) => one.from <= from && to <= one.to);
    if (!wanted.every(inside)) return false;
  }
  return true;
}

/**
 * The least set around this one that has a single interval for each server. A server numbers its
 * transactions in the order of its log, so whoever has the last of them mostly has the others.
 */
export function spanMysqlGtids(gtids: MysqlGtids): MysqlGtids {
  return new Map(
    [...gtids].map(([uuid, intervals]) => {
      const [first] = intervals;
      return [uuid, [{ from: first.from, to: (intervals.at(-1) ?? first).to }]];
    }),
  );
}

function parseInterval(text: string): Interval | undefined {
  const [, first, last = first] = INTERVAL.exec(text) ?? [];
  if (first === undefined || last === undefined) return undefined;
  const [from, to] = [BigInt(first), BigInt(last)];
  return from < 1n || to < from ? undefined : { from, to };
}

function formatInterval({ from, to }: Interval): string {
  return from === to ? `${from}` : `${from}-${to}`;
}

/** Puts each server's intervals in order, and those that overlap or touch together. */
function normal(sets: ReadonlyMap<string, readonly Interval[]>): MysqlGtids {
  const gtids = new Map<string, readonly [Interval, ...Interval[]]>();
  for (const [uuid, intervals] of sets) {
    const [first, ...others] = intervals.toSorted((a, b) => a.from < b.from ? -1 : 1);
    if (first === undefined) continue;
    let last = first;
    const done: Interval[] = [];
    for (const { from, to } of others) {
      if (from > last.to + 1n) {
        done.push(last);
        last = { from, to };
      } else if (to > last.to) last = { from: last.from, to };
    }
    const [head, ...tail] = [...done, last];
    gtids.set(uuid, [head ?? last, ...tail]);
  }
  return gtids;
}
