/** A source of randomness: passed in, so that tests can repeat a run. */
export interface Random {
  /** A number in [0, 1). */
  next(): number;
  /** 128 random bits as lower-case hexadecimal. */
  token(): string;
}

/** The machine's randomness: numbers for jitter and sampling, tokens that nobody can guess. */
export const systemRandom: Random = {
  next: () => Math.random(),
  token: () => crypto.getRandomValues(new Uint8Array(16)).toHex(),
};

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
  const bits = (): number => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = state;
    mixed = Math.imul(mixed ^ (mixed >>> 15), mixed | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return (mixed ^ (mixed >>> 14)) >>> 0;
  };
  return {
    next: () => bits() / 4294967296,
    token: () => Array.from({ length: 4 }, () => bits().toString(16).padStart(8, "0")).join(""),
  };
}
