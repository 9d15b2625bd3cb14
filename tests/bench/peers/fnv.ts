/** The offset basis of 64-bit FNV, by its halves. */
const BASIS_HIGH = 0xcbf29ce4;
const BASIS_LOW = 0x84222325;
/** FNV's 64-bit prime is 2^40 + this. */
const PRIME_LOW = 0x1b3;
const TWO_32 = 2 ** 32;

/**
 * FNV-1a (64 bit, by Fowler, Noll and Vo) of a whole number's eight bytes, the least significant
 * first. It is computed in halves of 32 bits, since a million of them are wanted at once.
 *
 * @param value from 0 to 2^53 - 1
 * @returns the hash's upper and lower half, both unsigned
 */
export function fnv1a(value: number): { readonly high: number; readonly low: number } {
  let [high, low] = [BASIS_HIGH, BASIS_LOW];
  let rest = value;
  for (let octet = 0; octet < 8; octet++) {
    low = (low ^ (rest % 256)) >>> 0;
    rest = Math.floor(rest / 256);
    // (high, low) × (2^40 + PRIME_LOW): the product with 2^40 moves `low` by 8 bits into `high`.
    const product = low * PRIME_LOW;
    const carry = Math.floor(product / TWO_32);
    high = (Math.imul(high, PRIME_LOW) + carry + (low << 8)) >>> 0;
    low = product % TWO_32;
  }
  return { high, low };
}
