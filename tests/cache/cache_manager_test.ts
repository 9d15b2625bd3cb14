import { assert, assertEquals } from "@std/assert";
import { CacheEntry, type CacheEntryOptions } from "../../src/cache/cache_entry.ts";
import { CacheManager } from "../../src/cache/cache_manager.ts";
import type { Cache, CacheConfig } from "../../src/cache/cache.ts";
import { keyTag, wholeTag } from "../../src/cache/names.ts";
import { silentLog } from "../../src/core/log.ts";
import { ScopeWatch } from "../../src/core/scope.ts";
import { makeLoad } from "./cache_fixture.ts";
import { ModelLink } from "./model/model_link.ts";
import { ModelProcess } from "./model/model_process.ts";
import { ModelRedis } from "./model/model_redis.ts";
import { Simulation } from "./model/simulation.ts";

const PLAYERS: CacheConfig = {
  name: "players",
  maxEntries: 10_000,
  maxBytes: 10_000_000,
  ttlMs: 60_000,
  negativeTtlMs: 60_000,
  swrMs: 0,
  lenientMs: 0,
  writable: false,
};
const LENIENT: CacheConfig = { ...PLAYERS, name: "ranks", lenientMs: 5_000 };

/** Managers in a world of the model, in which a packet takes up to 2 ms. */
function makeWorld() {
  const sim = new Simulation(1);
  const redis = new ModelRedis(sim, { keeps: 100, pushFirst: true, noticesServer: true });
  const manager = async () => {
    const process = new ModelProcess(sim);
    const link = new ModelLink({ process, redis, delayMs: 2 });
    const caches = new CacheManager({
      caches: [PLAYERS, LENIENT],
      redis: link,
      fleet: "test",
      clock: process,
      random: sim.random,
      log: silentLog,
      listener: { written() {}, forget() {} },
      longestWriteMs: () => 1_000,
    });
    void caches.initialize();
    link.start();
    await sim.run(sim.now + 50);
    assertEquals(caches.stats().lease, "held");
    return { caches, link };
  };
  return { sim, manager };
}

function put(
  caches: CacheManager,
  { name }: CacheConfig,
  options: Partial<CacheEntryOptions> & { readonly key: string },
): CacheEntry {
  const cache = cacheOf(caches, name);
  const entry = new CacheEntry({
    cache,
    owner: undefined,
    body: "{}",
    etag: '"1"',
    tags: [],
    shard: "s1",
    era: caches.eras.of("s1"),
    freshUntil: Infinity,
    staleUntil: Infinity,
    ...options,
  });
  cache.put(entry);
  return entry;
}

function cacheOf(caches: CacheManager, name: string): Cache {
  const cache = caches.get(name);
  assert(cache !== undefined);
  return cache;
}

function keysLeft(caches: CacheManager, { name }: CacheConfig, keys: readonly string[]): string[] {
  return keys.filter((key) => cacheOf(caches, name).peek(key) !== undefined);
}

Deno.test("CacheManager drops the entries of a tag, of a key or of a cache in every isolate", async () => {
  const { sim, manager } = makeWorld();
  const both = [await manager(), await manager()];
  for (const { caches } of both) {
    for (const key of ["a", "b/c", "d"]) put(caches, PLAYERS, { key, tags: [`player:${key}`] });
    put(caches, LENIENT, { key: "a", tags: ["player:a"] });
  }
  const drop = async (tag: string) => {
    await Promise.all([
      both[0]?.caches.bus.drop({ tags: [tag], place: undefined }),
      sim.run(sim.now + 20),
    ]);
    return both.map(({ caches }) => keysLeft(caches, PLAYERS, ["a", "b/c", "d"]).join());
  };
  assertEquals(await drop("player:d"), ["a,b/c", "a,b/c"]);
  assertEquals(await drop(keyTag("players", "b/c")), ["a", "a"]);
  assertEquals(await drop(keyTag("unknown", "a")), ["a", "a"]);
  assertEquals(await drop(wholeTag("players")), ["", ""]);
  assertEquals(both.map(({ caches }) => keysLeft(caches, LENIENT, ["a"])), [["a"], ["a"]]);
});

Deno.test("CacheManager overtakes the loads of what is dropped", async () => {
  const { manager } = makeWorld();
  const { caches } = await manager();
  const players = cacheOf(caches, "players");
  const watch = new ScopeWatch({ clock: new ModelProcess(new Simulation(2)) });
  const begin = (key: string) => {
    const load = makeLoad(watch, { key, tags: [`player:${key}`] });
    caches.loads.add(players, load);
    return load;
  };
  const loads = [begin("a"), begin("b"), begin("c"), begin("d")];
  const current = () => loads.map(({ current }) => current);
  const drop = (tag: string) =>
    caches.bus.coherence.happened({ kind: "dropped", tags: [tag], place: undefined });
  drop("player:a");
  assertEquals(current(), [false, true, true, true]);
  drop(keyTag("players", "b"));
  assertEquals(current(), [false, false, true, true]);
  drop(wholeTag("ranks"));
  assertEquals(current(), [false, false, true, true]);
  caches.clear();
  assertEquals(current(), [false, false, false, false]);
  watch.close();
});

Deno.test("CacheManager judges an entry by its time, the lease and the leniency of its cache", async () => {
  const { sim, manager } = makeWorld();
  const { caches, link } = await manager();
  const now = sim.now;
  const times = { freshUntil: now + 100, staleUntil: now + 100_000 };
  const strict = put(caches, PLAYERS, { key: "a", ...times });
  const short = put(caches, PLAYERS, { key: "b", freshUntil: now + 100, staleUntil: now + 200 });
  const lenient = put(caches, LENIENT, { key: "a", ...times });
  const judge = () => [strict, short, lenient].map((entry) => caches.judge(entry));
  assertEquals(judge(), ["fresh", "fresh", "fresh"]);
  await sim.run(now + 100);
  assertEquals(judge(), ["stale", "stale", "stale"]);
  await sim.run(now + 200);
  assertEquals(judge(), ["stale", "unusable", "stale"]);
  link.cut(100_000);
  await sim.run(now + 2_200);
  assertEquals([judge(), caches.stats().lease], [["unusable", "unusable", "stale"], "lost"]);
  await sim.run(now + 7_200);
  assertEquals(judge(), ["unusable", "unusable", "unusable"]);
});

Deno.test("CacheManager answers with nothing of before once it has begun anew", async () => {
  const { sim, manager } = makeWorld();
  const { caches, link } = await manager();
  const [strict, lenient] = [
    put(caches, PLAYERS, { key: "a" }),
    put(caches, LENIENT, { key: "a" }),
  ];
  const load = makeLoad(new ScopeWatch({ clock: new ModelProcess(sim) }), {
    era: caches.eras.of("s1"),
  });
  link.cut(3_000);
  await sim.run(sim.now + 3_500);
  assertEquals([caches.stats().lease, load.current], ["held", false]);
  assertEquals([caches.judge(strict), caches.judge(lenient)], ["unusable", "unusable"]);
  assertEquals(caches.judge(put(caches, PLAYERS, { key: "b" })), "fresh");
});

Deno.test("CacheManager answers with nothing of a shard that has another primary", async () => {
  const { manager } = makeWorld();
  const { caches } = await manager();
  const entry = put(caches, PLAYERS, { key: "a" });
  const other = put(caches, PLAYERS, { key: "b", shard: "s2", era: caches.eras.of("s2") });
  caches.replaceShard("s1");
  assertEquals([caches.judge(entry), caches.judge(other)], ["unusable", "fresh"]);
  assertEquals(caches.judge(put(caches, PLAYERS, { key: "a" })), "fresh");
});

Deno.test("CacheManager gives back memory a slice at a time, in all caches", async () => {
  const { sim, manager } = makeWorld();
  const { caches } = await manager();
  for (let at = 0; at < 500; at++) put(caches, PLAYERS, { key: `${at}`, staleUntil: sim.now });
  put(caches, LENIENT, { key: "a" });
  caches.replaceShard("s1");
  const evicted = caches.evictExpired();
  const entries = () => caches.stats().caches.map(({ entries }) => entries);
  assertEquals(entries(), [300, 1]);
  // A second call has nothing to do while the first goes on.
  await caches.evictExpired();
  assertEquals(entries(), [300, 1]);
  await Promise.all([evicted, sim.run(sim.now + 10)]);
  assertEquals(entries(), [0, 0]);
});

Deno.test("CacheManager makes a cache once, and says how all of them stand", async () => {
  const { manager } = makeWorld();
  const { caches } = await manager();
  const players = caches.getOrCreateCache({ ...PLAYERS, maxEntries: 5 });
  assertEquals([players.config, caches.get("nothing")], [PLAYERS, undefined]);
  const entry = put(caches, PLAYERS, { key: "a" });
  players.counters.hits++;
  const { lease, doubts, caches: [first, second] } = caches.stats();
  assertEquals([lease, doubts, first?.hits, first?.entries, first?.bytes, second?.entries], [
    "held",
    0,
    1,
    1,
    entry.bytes,
    0,
  ]);
  caches.clear();
  assertEquals([players.size, players.counters.evicted.outdated], [0, 1]);
});
