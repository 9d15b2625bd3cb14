import { assertEquals, assertStrictEquals } from "@std/assert";
import { Loads } from "../../src/cache/loads.ts";
import { ScopeWatch } from "../../src/core/scope.ts";
import { ManualClock } from "../support/manual_clock.ts";
import { makeCache, makeLoad } from "./cache_fixture.ts";

const watch = new ScopeWatch({ clock: new ManualClock() });

Deno.test("Loads finds a load of the key and owner until it has ended", () => {
  const { cache } = makeCache();
  const loads = new Loads();
  const load = makeLoad(watch, { key: "k", owner: "get" });
  loads.add(cache, load);
  assertStrictEquals(loads.find(cache, "k", "get"), load);
  assertEquals(loads.find(cache, "k", "list"), undefined);
  assertEquals(loads.find(cache, "other", "get"), undefined);
  assertEquals(loads.find(makeCache().cache, "k", "get"), undefined);
  loads.remove(cache, load);
  assertEquals([loads.find(cache, "k", "get"), loads.size], [undefined, 0]);
});

Deno.test("Loads does not find a load that was overtaken", () => {
  const { cache } = makeCache();
  const loads = new Loads();
  loads.add(cache, makeLoad(watch, { tags: ["player:1"] }));
  loads.overtakeTag("player:2");
  assertEquals(loads.find(cache, "k", undefined) !== undefined, true);
  loads.overtakeTag("player:1");
  assertEquals(loads.find(cache, "k", undefined), undefined);
});

Deno.test("Loads overtakes all loads of a tag, of a key, of a cache, or of everything", () => {
  const [one, other] = [makeCache().cache, makeCache().cache];
  const begin = () => {
    const loads = new Loads();
    const made = [
      makeLoad(watch, { key: "a", tags: ["x"] }),
      makeLoad(watch, { key: "b", tags: ["x", "y"] }),
      makeLoad(watch, { key: "a", tags: ["y"] }),
    ] as const;
    loads.add(one, made[0]);
    loads.add(one, made[1]);
    loads.add(other, made[2]);
    return { loads, current: () => made.map(({ current }) => current) };
  };
  const [byTag, byKey, byCache, all] = [begin(), begin(), begin(), begin()];
  byTag.loads.overtakeTag("x");
  assertEquals(byTag.current(), [false, false, true]);
  byKey.loads.overtakeKey(one, "a");
  assertEquals(byKey.current(), [false, true, true]);
  byCache.loads.overtakeAll(one);
  assertEquals(byCache.current(), [false, false, true]);
  all.loads.overtakeAll();
  assertEquals(all.current(), [false, false, false]);
});

Deno.test("Loads keeps the newer load of a key when the older one ends", () => {
  const { cache } = makeCache();
  const loads = new Loads();
  const [older, newer] = [makeLoad(watch), makeLoad(watch)];
  loads.add(cache, older);
  older.overtake();
  loads.add(cache, newer);
  loads.remove(cache, older);
  assertStrictEquals(loads.find(cache, "k", undefined), newer);
});

Deno.test("Loads overtakes a load whose key another owner takes, as nothing else would reach it", () => {
  const { cache } = makeCache();
  const loads = new Loads();
  const [older, newer] = [makeLoad(watch, { owner: "old" }), makeLoad(watch, { owner: "new" })];
  loads.add(cache, older);
  loads.add(cache, newer);
  loads.overtakeAll(cache);
  assertEquals([older.current, newer.current], [false, false]);
});
