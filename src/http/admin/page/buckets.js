// @ts-check
// Percentiles out of counts by duration.

import { ms } from "./format.js";

/** Where the buckets of calls end, in milliseconds; a last one has those that took longer. */
export const CALL_BOUNDS_MS = [0.5, 1, 2.5, 5, 10, 25, 50, 100, 250, 500, 1_000, 2_500, 5_000];

/**
 * What a share of the calls did not exceed, as if those of a bucket were spread over it evenly.
 *
 * @param {readonly number[]} buckets
 * @param {number} share such as 0.99
 * @returns {number | null} in milliseconds; `null` of no calls; where the last bucket begins, in it
 */
export function percentile(buckets, share) {
  const all = buckets.reduce((sum, n) => sum + n, 0);
  if (all <= 0) return null;
  let left = all * share;
  for (const [at, n] of buckets.entries()) {
    if (n > 0 && left <= n) {
      const from = CALL_BOUNDS_MS[at - 1] ?? 0;
      const to = CALL_BOUNDS_MS[at] ?? from;
      return from + (to - from) * left / n;
    }
    left -= n;
  }
  return CALL_BOUNDS_MS.at(-1) ?? null;
}

/**
 * A percentile for people: one in the last bucket is more than where that begins, who knows how much.
 *
 * @param {number | null | undefined} n in milliseconds
 */
export function bucketMs(n) {
  const last = CALL_BOUNDS_MS.at(-1) ?? Infinity;
  return n !== null && n !== undefined && n >= last ? `> ${ms(last)}` : ms(n);
}

/**
 * Counts of two, by bucket.
 *
 * @param {readonly number[]} a
 * @param {readonly number[]} b
 */
export function addBuckets(a, b) {
  return Array.from(
    { length: Math.max(a.length, b.length) },
    (_, at) => (a[at] ?? 0) + (b[at] ?? 0),
  );
}
