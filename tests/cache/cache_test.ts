import { assert, assertEquals, assertStrictEquals } from "@std/assert";
import fc from "fast-check";
import { Era } from "../../src/cache/era.ts";
import { makeCache } from "./cache_fixture.ts";

Deno.test("Cache finds what was put, until it is deleted", () => {
  const { cache, put, tags } = makeCache();
  const entry = put("a", { tags: ["x"] });
  assertStrictEquals(cache.get("a"), entry);
  assertEquals([cache.get("b"), tags.of("x")], [undefined, [entry]]);
  assertEquals([cache.delete("a", "invalidated"), cache.delete("a", "invalidated")], [true, false]);
  assertEquals([cache.get("a"), tags.of("x"), cache.size, cache.bytes], [undefined, [], 0, 0]);
  assertEquals(cache.counters.evicted.invalidated, 1);
});

Deno.test("Cache takes out the least recently used when it has too many entries", () => {
  const { cache, put, tags } = makeCache({ maxEntries: 3 });
  for (const key of ["a", "b", "c"]) put(key, { tags: [`of:${key}`] });
  cache.get("a");
  cache.peek("b");
  put("d");
  assertEquals(["a", "b", "c", "d"].map((key) => cache.peek(key) !== undefined), [
    true,
    false,
    true,
    true,
  ]);
  assertEquals([tags.of("of:b"), cache.counters.evicted.capacity], [[], 1]);
});

Deno.test("Cache takes out entries until it has the bytes for another one", () => {
  const body = "x".repeat(1_000);
  const { cache, put, entry } = makeCache({ maxBytes: 5 * entryBytes(body) });
  for (const key of ["a", "b", "c", "d", "e"]) put(key, { body });
  assertEquals([cache.size, cache.bytes], [5, 5 * entryBytes(body)]);
  const large = entry("f", { body: "x".repeat(3_000) });
  cache.put(large);
  assert(cache.bytes <= 5 * entryBytes(body));
  assertEquals([cache.peek("a"), cache.peek("b"), cache.peek("f")], [undefined, undefined, large]);
  assertEquals(cache.counters.evicted.capacity, 5 + 1 - cache.size);
});

Deno.test("Cache does not store what is larger than all of it, nor keep what was there before", () => {
  const { cache, put, tags } = makeCache({ maxBytes: 10_000 });
  put("a", { tags: ["x"] });
  put("a", { tags: ["x"], body: "x".repeat(20_000) });
  assertEquals([cache.get("a"), tags.of("x"), cache.size, cache.bytes], [undefined, [], 0, 0]);
});

Deno.test("Cache counts a text with wide characters twice", () => {
  const { entry } = makeCache();
  const plain = entry("a", { body: "x".repeat(100) });
  const latin = entry("a", { body: "ü".repeat(100) });
  const wide = entry("a", { body: "ł".repeat(100) });
  assertEquals([latin.bytes, wide.bytes], [plain.bytes, plain.bytes + 100]);
});

Deno.test("Cache has one entry of a key, under the tags of the newer one", () => {
  const { cache, put, tags } = makeCache();
  put("a", { tags: ["x", "y"] });
  const newer = put("a", { tags: ["y", "z"] });
  assertEquals([tags.of("x"), tags.of("y"), tags.of("z"), cache.size], [[], [newer], [newer], 1]);
  // Nothing was evicted: it was loaded anew.
  assertEquals(Object.values(cache.counters.evicted), [0, 0, 0, 0]);
});

Deno.test("Cache is cleared of everything for one cause", () => {
  const { cache, put, tags } = makeCache();
  for (const key of ["a", "b", "c"]) put(key, { tags: ["x"] });
  assertEquals([cache.clear("outdated"), cache.size, tags.size], [3, 0, 0]);
  assertEquals([cache.counters.evicted.outdated, cache.counters.evicted.invalidated], [3, 0]);
  assertEquals(cache.clear("invalidated"), 0);
});

Deno.test("Cache gives back what is past its time, or of an era that is over, and counts which", () => {
  const { cache, put, clock } = makeCache();
  const era = new Era();
  put("old", { freshUntil: 500, staleUntil: 900 });
  put("stale", { freshUntil: 500, staleUntil: 1_500 });
  put("over", { era, staleUntil: 5_000 });
  put("fresh", { staleUntil: 5_000 });
  era.end();
  clock.advance(900);
  assertEquals(cache.evictExpired(), false);
  assertEquals(["old", "stale", "over", "fresh"].map((key) => cache.peek(key) !== undefined), [
    false,
    true,
    false,
    true,
  ]);
  const { expired, outdated } = cache.counters.evicted;
  assertEquals([expired, outdated], [1, 1]);
});

Deno.test("Cache looks at 200 entries at a time, and goes on where it was", () => {
  const { cache, put, clock } = makeCache({ maxEntries: 10_000, maxBytes: 10_000_000 });
  for (let at = 0; at < 500; at++) put(`${at}`, { staleUntil: at % 2 === 0 ? 100 : 10_000 });
  clock.advance(100);
  const sizes = [];
  while (cache.evictExpired()) sizes.push(cache.size);
  assertEquals([sizes, cache.size], [[400, 300], 250]);
  assertEquals(cache.counters.evicted.expired, 250);
});

Deno.test("Cache finds all that is past its time though it is used between two slices", () => {
  const keys = 450;
  const touched = fc.array(fc.nat({ max: keys - 1 }), { maxLength: 50 });
  fc.assert(
    fc.property(touched, touched, (used, replaced) => {
      const { cache, put, clock } = makeCache({ maxEntries: 10_000, maxBytes: 10_000_000 });
      for (let at = 0; at < keys; at++) put(`${at}`, { staleUntil: 100 });
      clock.advance(100);
      while (cache.evictExpired()) {
        for (const at of used) cache.get(`${at}`);
        for (const at of replaced) put(`${at}`, { staleUntil: 10_000 });
      }
      // What a walk misses the next one finds; what was put since then stays.
      while (cache.evictExpired());
      const left = Array.from({ length: keys }, (_, at) => cache.peek(`${at}`))
        .filter((entry) => entry !== undefined && entry.staleUntil === 100);
      assertEquals(left, []);
      for (const at of replaced) assertEquals(cache.peek(`${at}`)?.staleUntil, 10_000);
    }),
    { numRuns: 20 },
  );
});

function entryBytes(body: string): number {
  return makeCache().entry("a", { body }).bytes;
}
