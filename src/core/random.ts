/** A source of randomness: passed in, so that tests can repeat a run. */
export interface Random {
  /** A number in [0, 1). */
  next(): number;
}

/** The machine's randomness; for jitter and sampling, not for secrets. */
export const systemRandom: Random = { next: () => Math.random() };

/**
 * A repeatable source (mulberry32, by Tommy Ettinger; public domain).
 *
 * @example
 * ```ts
 * import { seededRandom } from "./random.ts";
 * import { assertEquals } from "@std/assert";
 *
 * assertEquals(seededRandom(7).next(), seededRandom(7).next());
 * ```
 */
export function seededRandom(seed: number): Random {
  let state = seed >>> 0;
  return {
    next() {
      state = (state + 0x6d2b79f5) >>> 0;
      let mixed = state;
      mixed = Math.imul(mixed ^ (mixed >>> 15), mixed | 1);
      mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
      return ((mixed ^ (mixed >>> 14)) >>> 0) / 4294967296;
    },
  };
}
