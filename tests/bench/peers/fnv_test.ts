import { assertEquals } from "@std/assert";
import fc from "fast-check";
import { fnv1a } from "./fnv.ts";

/** FNV-1a by its definition. */
function byDefinition(bytes: Iterable<number>): bigint {
  let hash = 0xcbf29ce484222325n;
  for (const byte of bytes) hash = BigInt.asUintN(64, (hash ^ BigInt(byte)) * 0x100000001b3n);
  return hash;
}

Deno.test("fnv1a's definition, as it is written here, gives the authors' vectors", () => {
  const encoder = new TextEncoder();
  assertEquals(byDefinition(encoder.encode("")), 0xcbf29ce484222325n);
  assertEquals(byDefinition(encoder.encode("a")), 0xaf63dc4c8601ec8cn);
  assertEquals(byDefinition(encoder.encode("foobar")), 0x85944171f73967e8n);
});

Deno.test("fnv1a is the definition's value for any whole number", () => {
  fc.assert(fc.property(fc.maxSafeNat(), (value) => {
    const bytes = new Uint8Array(8);
    new DataView(bytes.buffer).setBigUint64(0, BigInt(value), true);
    const { high, low } = fnv1a(value);
    assertEquals(BigInt(high) << 32n | BigInt(low), byDefinition(bytes));
  }));
});
