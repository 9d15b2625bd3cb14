import type { Random } from "../../../src/core/random.ts";
import { scrambled, zipfianRank } from "./zipfian.ts";

/** Set in a draw that is an update; the other bits are the record's number. */
export const UPDATE = 0x8000;

/** What a sequence of requests is drawn from. */
export interface DrawOptions {
  readonly keys: "uniform" | "zipfian";
  /** The share of updates among the requests, 0 to 1. */
  readonly updates: number;
  /** Records are numbered from 1 to this; less than {@linkcode UPDATE}. */
  readonly records: number;
  readonly count: number;
  readonly random: Random;
}

/**
 * Draws a sequence of requests: which record each is for, and whether it is an update. Drawn in
 * advance, so that every service gets the very same one.
 *
 * @throws {RangeError} if there are more records than a draw can name
 */
export function drawRequests(options: DrawOptions): Uint16Array<ArrayBuffer> {
  const { keys, updates, records, count, random } = options;
  if (records >= UPDATE) {
    throw new RangeError(
      `Cannot draw requests: records must be fewer than ${UPDATE}, received ${records}`,
    );
  }
  const record = keys === "uniform"
    ? () => 1 + Math.floor(random.next() * records)
    : () => scrambled(zipfianRank(random.next()), records);
  const draws = new Uint16Array(count);
  for (let at = 0; at < count; at++) {
    draws[at] = record() | (random.next() < updates ? UPDATE : 0);
  }
  return draws;
}

/** Draws as they stand in a file: two bytes each, the lower one first. */
export function drawBytes(draws: Uint16Array): Uint8Array<ArrayBuffer> {
  const view = new DataView(new ArrayBuffer(draws.length * 2));
  draws.forEach((draw, at) => view.setUint16(at * 2, draw, true));
  return new Uint8Array(view.buffer);
}
