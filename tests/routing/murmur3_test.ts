import { assertEquals } from "@std/assert";
import fc from "fast-check";
import { murmur3, murmur3Bytes } from "../../src/routing/murmur3.ts";
import vectors from "../../src/routing/murmur3_vectors.json" with { type: "json" };

/** Values that other implementations publish for MurmurHash3_x86_32: text, seed, hash. */
const PUBLIC: readonly (readonly [string, number, number])[] = [
  ["", 0, 0],
  ["", 1, 0x514e28b7],
  ["", 0xffffffff, 0x81f16f39],
  ["\0\0\0\0", 0, 0x2362f9de],
  ["a", 0x9747b28c, 0x7fa09ea6],
  ["aa", 0x9747b28c, 0x5d211726],
  ["aaa", 0x9747b28c, 0x283e0130],
  ["aaaa", 0x9747b28c, 0x5a97808a],
  ["ab", 0x9747b28c, 0x74875592],
  ["abc", 0x9747b28c, 0xc84a62dd],
  ["abcd", 0x9747b28c, 0xf0478627],
  ["Hello, world!", 0x9747b28c, 0x24884cba],
  ["ππππππππ", 0x9747b28c, 0xd58063c1],
  ["The quick brown fox jumps over the lazy dog", 0x9747b28c, 0x2fa826cd],
  ["The quick brown fox jumps over the lazy dog", 0, 0x2e4ff723],
  ["hello", 0, 0x248bfa47],
  ["hello, world", 0, 0x149bbb7f],
  ["test", 0, 0xba6bd213],
];

Deno.test("murmur3 gives the published values when it hashes the public vectors", () => {
  for (const [text, seed, hash] of PUBLIC) assertEquals(murmur3(text, seed), hash, text);
});

Deno.test("murmur3 gives the golden values when it hashes this project's vectors", () => {
  for (const { key, hash, bucket, of2, of3 } of vectors.vectors) {
    assertEquals(murmur3(key), hash, key);
    assertEquals([hash % 1_024, hash % 2, hash % 3], [bucket, of2, of3], key);
  }
});

Deno.test("murmur3 hashes the same bytes when it skips the encoding of ASCII", () => {
  const encoder = new TextEncoder();
  const text = fc.oneof(fc.string({ unit: "binary" }), fc.string());
  fc.assert(fc.property(text, fc.nat(), (text, seed) => {
    assertEquals(murmur3(text, seed), murmur3Bytes(encoder.encode(text), seed));
  }));
});
