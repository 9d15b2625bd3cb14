/**
 * Tells two answers apart, in quotes as HTTP wants it: 64 bits and the length. A cryptographic hash
 * costs a small answer more than all else that is done with it, and protects nothing here.
 */
export function etagOf(body: string): string {
  let one = 0x9e3779b9;
  let other = 0x7f4a7c15;
  for (let at = 0; at < body.length; at += 2) {
    // Two characters at a time; behind the last one comes NaN, which is 0 here.
    const code = body.charCodeAt(at) | (body.charCodeAt(at + 1) << 16);
    one = Math.imul(one ^ code, 0x85ebca6b);
    other = Math.imul(other ^ code, 0xc2b2ae35);
    one ^= one >>> 15;
    other ^= other >>> 13;
  }
  return `"${digits(one)}${digits(other)}${body.length.toString(36)}"`;
}

/** Seven of them for every word: 2^32 more has the same number of digits as twice that. */
function digits(word: number): string {
  return (2 ** 32 + (word >>> 0)).toString(36);
}
