const C1 = 0xcc9e2d51;
const C2 = 0x1b873593;
const encoder = new TextEncoder();

/**
 * MurmurHash3 (x86, 32 bit, by Austin Appleby; public domain) of a string's UTF-8 bytes, as an
 * unsigned integer. Keys are routed by it with seed 0; `murmur3_vectors.json` holds values for
 * ports to other languages.
 *
 * ASCII is hashed without being encoded first: it is what nearly every key is.
 *
 * @param seed default 0
 * @example
 * ```ts
 * import { murmur3 } from "./murmur3.ts";
 * import { assertEquals } from "@std/assert";
 *
 * assertEquals(murmur3("hello"), 0x248bfa47);
 * ```
 */
export function murmur3(text: string, seed = 0): number {
  const length = text.length;
  const whole = length & ~3;
  let hash = seed;
  let at = 0;
  for (; at < whole; at += 4) {
    const a = text.charCodeAt(at);
    const b = text.charCodeAt(at + 1);
    const c = text.charCodeAt(at + 2);
    const d = text.charCodeAt(at + 3);
    if ((a | b | c | d) > 127) return murmur3Bytes(encoder.encode(text), seed);
    hash = mixBody(hash, a | (b << 8) | (c << 16) | (d << 24));
  }
  let tail = 0;
  for (let shift = 0; at < length; at++, shift += 8) {
    const code = text.charCodeAt(at);
    if (code > 127) return murmur3Bytes(encoder.encode(text), seed);
    tail |= code << shift;
  }
  return finish(hash, tail, length);
}

/** {@linkcode murmur3} of bytes. */
export function murmur3Bytes(bytes: Uint8Array, seed = 0): number {
  const { length } = bytes;
  const whole = length & ~3;
  const byte = (at: number) => bytes[at] ?? 0;
  let hash = seed;
  let at = 0;
  for (; at < whole; at += 4) {
    const word = byte(at) | (byte(at + 1) << 8) | (byte(at + 2) << 16) | (byte(at + 3) << 24);
    hash = mixBody(hash, word);
  }
  let tail = 0;
  for (let shift = 0; at < length; at++, shift += 8) tail |= byte(at) << shift;
  return finish(hash, tail, length);
}

function mixWord(word: number): number {
  const mixed = Math.imul(word, C1);
  return Math.imul((mixed << 15) | (mixed >>> 17), C2);
}

function mixBody(hash: number, word: number): number {
  const mixed = hash ^ mixWord(word);
  return (Math.imul((mixed << 13) | (mixed >>> 19), 5) + 0xe6546b64) | 0;
}

function finish(hash: number, tail: number, length: number): number {
  let mixed = hash ^ mixWord(tail) ^ length;
  mixed = Math.imul(mixed ^ (mixed >>> 16), 0x85ebca6b);
  mixed = Math.imul(mixed ^ (mixed >>> 13), 0xc2b2ae35);
  return (mixed ^ (mixed >>> 16)) >>> 0;
}
