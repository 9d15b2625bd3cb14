import { assert, assertEquals, assertThrows } from "@std/assert";
import fc from "fast-check";
import { RealmgateError } from "../../src/core/errors.ts";
import { planBuckets } from "../../src/routing/bucket_map.ts";
import { type ShardingOptions, ShardManager } from "../../src/routing/shard_manager.ts";

const HALVES: ShardingOptions = {
  strategy: "buckets",
  map: { s1: ["0-511"], s2: ["512-1023"] },
};

for (const sharding of [{ strategy: "modulo" } as const, HALVES]) {
  Deno.test(`ShardManager spreads ids evenly when the strategy is ${sharding.strategy}`, () => {
    const manager = new ShardManager({ shards: ["s1", "s2"], sharding });
    let first = 0;
    for (let id = 1; id <= 10_000; id++) if (manager.shardForKey(`${id}`) === "s1") first++;
    assert(first >= 4_500 && first <= 5_500, `${first} of 10000 on s1`);
  });
}

Deno.test("ShardManager spreads keys evenly when they are any range of ids", () => {
  fc.assert(fc.property(fc.maxSafeNat(), fc.integer({ min: 2, max: 8 }), (start, count) => {
    const shards = Array.from({ length: count }, (_, n) => `s${n}`);
    const map = planBuckets({ shards });
    const manager = new ShardManager({ shards, sharding: { strategy: "buckets", map } });
    const held = new Map(shards.map((shard) => [shard, 0]));
    const keys = 4_000;
    for (let n = 0; n < keys; n++) {
      const shard = manager.shardForKey(`${BigInt(start) + BigInt(n)}`);
      held.set(shard, (held.get(shard) ?? 0) + 1);
    }
    const even = keys / count;
    for (const size of held.values()) assert(Math.abs(size - even) < even * 0.3, `${[...held]}`);
  }));
});

Deno.test("ShardManager moves about one key in three when a third shard joins the buckets", () => {
  const map = planBuckets({ shards: ["s1", "s2"] });
  const before = new ShardManager({
    shards: ["s1", "s2"],
    sharding: { strategy: "buckets", map },
  });
  const after = new ShardManager({
    shards: ["s1", "s2", "s3"],
    sharding: {
      strategy: "buckets",
      map: planBuckets({ shards: ["s1", "s2", "s3"], current: map }),
    },
  });
  let moved = 0;
  for (let id = 1; id <= 10_000; id++) {
    const shard = after.shardForKey(`${id}`);
    if (shard === before.shardForKey(`${id}`)) continue;
    assertEquals(shard, "s3");
    moved++;
  }
  assert(moved > 3_000 && moved < 3_600, `${moved} of 10000 moved`);
});

Deno.test("ShardManager follows names when the strategy is map", () => {
  const sharding = { strategy: "map", map: { eu: "s1", us: "s2" } } as const;
  const strict = new ShardManager({ shards: ["s1", "s2"], sharding });
  assertEquals(strict.shardForKey("us"), "s2");
  for (const key of ["asia", "constructor", "__proto__", ""]) {
    const error = assertThrows(() => strict.shardForKey(key), RealmgateError);
    assertEquals(error.code, "invalid_request");
  }
  const lenient = new ShardManager({
    shards: ["s1", "s2"],
    sharding: { ...sharding, default: "s1" },
  });
  assertEquals(lenient.shardForKey("asia"), "s1");
  assertEquals(lenient.explain("asia"), { shard: "s1", why: "the map's default is s1" });
  assertEquals(lenient.explain("us").why, "the map names s2");
});

Deno.test("ShardManager says why when it explains a route", () => {
  const modulo = new ShardManager({ shards: ["s1", "s2"], sharding: { strategy: "modulo" } });
  assertEquals(modulo.explain("42"), {
    shard: "s1",
    hash: 3_159_925_814,
    why: "hash 3159925814 % 2 shards is s1",
  });
  const buckets = new ShardManager({ shards: ["s1", "s2"], sharding: HALVES });
  assertEquals(buckets.bucketForKey("42"), 54);
  assertEquals(buckets.explain("42").bucket, 54);
});

Deno.test("ShardManager gives the pool of the key's shard when it has a lookup", () => {
  const manager = new ShardManager({
    shards: ["s1", "s2"],
    sharding: { strategy: "modulo" },
    poolOf: (shard) => ({ name: `pool of ${shard}` }),
  });
  assertEquals(manager.getPoolForKey("42").name, "pool of s1");
  assertEquals(manager.getPoolForKey("1").name, "pool of s2");
});

Deno.test("ShardManager refuses when shards or map cannot work", () => {
  const modulo = { strategy: "modulo" } as const;
  assertThrows(() => new ShardManager({ shards: [], sharding: modulo }), TypeError, "received []");
  assertThrows(() => new ShardManager({ shards: ["a", "a"], sharding: modulo }), TypeError);
  assertThrows(
    () => new ShardManager({ shards: ["s1"], sharding: HALVES }),
    TypeError,
    'received "s2"',
  );
  assertThrows(
    () =>
      new ShardManager({
        shards: ["s1"],
        sharding: { strategy: "buckets", map: { s1: ["0-1022"] } },
      }),
    TypeError,
    "1023 is missing",
  );
});
