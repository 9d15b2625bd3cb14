import { assert, assertEquals, assertStringIncludes, assertThrows } from "@std/assert";
import fc from "fast-check";
import { BUCKETS, planBuckets, readBuckets } from "../../src/routing/bucket_map.ts";

function sizes(map: Readonly<Record<string, readonly string[]>>): Map<string, number> {
  const counts = new Map(Object.keys(map).map((shard) => [shard, 0]));
  for (const owner of readBuckets(map)) counts.set(owner, (counts.get(owner) ?? 0) + 1);
  return counts;
}

Deno.test("readBuckets names every fault at once when the map is not whole", () => {
  const error = assertThrows(
    () => readBuckets({ s1: ["0-511", "7"], s2: ["500-1000", "1024", "9-3", "x"] }),
    TypeError,
  );
  for (
    const fault of [
      "7 of s1 is given twice",
      "500-511 of s2 is given twice",
      '"1024" of s2 is no range',
      '"9-3" of s2 is no range',
      '"x" of s2 is no range',
      "1001-1023 is missing",
    ]
  ) assertStringIncludes(error.message, fault);
});

Deno.test("planBuckets moves only what the new shard gets when one is added", () => {
  const names = (count: number) => Array.from({ length: count }, (_, n) => `s${n}`);
  fc.assert(fc.property(fc.integer({ min: 1, max: 40 }), (count) => {
    const current = planBuckets({ shards: names(count) });
    const next = planBuckets({ shards: names(count + 1), current });
    const [before, after] = [readBuckets(current), readBuckets(next)];
    const moved = before.flatMap((owner, bucket) => owner === after[bucket] ? [] : [after[bucket]]);
    assert(moved.every((owner) => owner === `s${count}`));
    assertEquals(moved.length, Math.floor(BUCKETS / (count + 1)));
  }));
});

Deno.test("planBuckets gives an even map with the fewest moves when shards come and go", () => {
  const owner = fc.constantFrom("a", "b", "c", "d", "e");
  const shards = fc.uniqueArray(fc.constantFrom("a", "b", "c", "x", "y"), { minLength: 1 });
  const owners = fc.array(owner, { minLength: BUCKETS, maxLength: BUCKETS });
  fc.assert(
    fc.property(owners, shards, (owners, shards) => {
      const current: Record<string, string[]> = {};
      owners.forEach((name, bucket) => (current[name] ??= []).push(`${bucket}`));
      const next = planBuckets({ shards, current });
      const after = sizes(next);
      const even = Math.floor(BUCKETS / shards.length);
      assert([...after.values()].every((size) => size === even || size === even + 1));
      const before = sizes(current);
      const held = shards.map((shard) => before.get(shard) ?? 0).sort((a, b) => b - a);
      const odd = BUCKETS % shards.length;
      // No even map can keep more than each shard's share of what it holds.
      const kept = held.reduce((sum, n, at) => sum + Math.min(n, at < odd ? even + 1 : even), 0);
      const moved = readBuckets(next);
      const moves = owners.filter((name, bucket) => moved[bucket] !== name).length;
      assertEquals(moves, BUCKETS - kept);
    }),
    { numRuns: 10 },
  );
});

Deno.test("planBuckets refuses when there are no shards or two of one name", () => {
  assertThrows(() => planBuckets({ shards: [] }), TypeError, "needs 1 to 1024 different shards");
  assertThrows(() => planBuckets({ shards: ["a", "a"] }), TypeError, "received [a,a]");
});
