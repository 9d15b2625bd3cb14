import { fnv1a } from "./fnv.ts";

/**
 * YCSB's request distribution: so many items are drawn from, whatever the number of records, so
 * that the hot keys stay the same keys when records are added.
 */
export const ITEMS = 10_000_000_000;
/** YCSB's zipfian constant: an item of rank n is drawn in proportion to 1 / n^0.99. */
export const THETA = 0.99;
/** The sum of 1 / n^{@linkcode THETA} over all {@linkcode ITEMS}. */
export const ZETA = 26.46902820178302;

const SECOND = 1 + 0.5 ** THETA;
const ALPHA = 1 / (1 - THETA);
const ETA = (1 - (2 / ITEMS) ** (1 - THETA)) / (1 - SECOND / ZETA);

/**
 * The rank, 0 being the hottest, that a uniform number in [0, 1) stands for.
 *
 * By Gray et al., "Quickly Generating Billion-Record Synthetic Databases", SIGMOD 1994: the first
 * two ranks are exact, the others by the inverse of a continuous approximation.
 */
export function zipfianRank(uniform: number): number {
  const share = uniform * ZETA;
  if (share < 1) return 0;
  if (share < SECOND) return 1;
  // Rounding takes the very last uniform numbers to the end of the range.
  return Math.min(Math.floor(ITEMS * (ETA * uniform - ETA + 1) ** ALPHA), ITEMS - 1);
}

/**
 * The record, 1 to `records`, that a rank falls on: scattered by its hash, so that hot records do
 * not lie side by side. Ranks share records, as YCSB's do.
 */
export function scrambled(rank: number, records: number): number {
  let { high, low } = fnv1a(rank);
  if (high >= 2 ** 31) {
    // YCSB's hash is a signed number, of which it takes the absolute value.
    low = (~low + 1) >>> 0;
    high = (~high + (low === 0 ? 1 : 0)) >>> 0;
  }
  return 1 + ((high % records) * (2 ** 32 % records) + low % records) % records;
}
