import { assert, assertEquals, assertRejects } from "@std/assert";
import type { CacheEvent } from "../../src/cache/cache_event.ts";
import { CoherenceLog } from "../../src/cache/coherence_log.ts";
import { RealmgateError } from "../../src/core/errors.ts";
import { eventually } from "../support/eventually.ts";
import { redisCommand } from "../support/redis_command.ts";
import { type CacheIsolate, withCaches } from "./cache_isolates.ts";

const entry = (key: string, more: { value?: string; ttlMs?: number; tags?: string[] } = {}) => ({
  key,
  value: "1",
  ttlMs: 60_000,
  tags: [],
  ...more,
});

const put = ({ store, cache }: CacheIsolate, ...args: Parameters<typeof entry>) =>
  store.put(cache.config, entry(...args));

const get = async ({ store, cache }: CacheIsolate, key: string) =>
  (await store.get(cache.config, key)).stored?.value;

const dropped = (...tags: string[]): CacheEvent => ({ kind: "dropped", tags, place: undefined });

Deno.test("ValueStore keeps a text as it is when it is put and read", () =>
  withCaches(async ({ isolate }) => {
    const one = await isolate();
    const value = ' {"n": 9007199254740993.10, "s":\n"😀 \\u0000"} ';
    await put(one, "a/b:1@x", { value, tags: ["player:1", "x:%C3%BC"], ttlMs: 5_000 });
    const { epoch, stored } = await one.store.get(one.cache.config, "a/b:1@x");
    assertEquals([stored?.value, stored?.tags], [value, ["player:1", "x:%C3%BC"]]);
    assertEquals(epoch, one.caches.bus.coherence.epoch);
    const left = stored?.leftMs ?? 0;
    assert(left > 4_000 && left <= 5_000, `${left} ms are left`);
    assertEquals((await one.store.get(one.cache.config, "other")).stored, undefined);
  }));

Deno.test("ValueStore tells whether there was an entry when one is deleted", () =>
  withCaches(async ({ isolate }) => {
    const one = await isolate();
    const { store, cache: { config } } = one;
    await put(one, "a");
    assertEquals([await store.delete(config, "a"), await store.delete(config, "a")], [true, false]);
    await put(one, "b", { ttlMs: 1 });
    await eventually(async () => await get(one, "b") === undefined);
    assertEquals(await store.delete(config, "b"), false, "it was over");
    await put(one, "c", { tags: ["t"] });
    await one.caches.bus.drop({ tags: ["t"], place: undefined });
    assertEquals(await store.delete(config, "c"), false, "it was void");
  }));

Deno.test("ValueStore voids what has a tag when a write of it is recorded", () =>
  withCaches(async ({ isolate }) => {
    const one = await isolate();
    const log = new CoherenceLog({ redis: one.redis, fleet: "test" });
    const place = { shard: "s1", epoch: "1", position: "" };
    const intent = { node: "n", connection: 1, limitMs: 1_000, shard: "s1" };
    const events: Record<string, CacheEvent> = {
      intent: { kind: "intent", id: "1", tags: ["other", "t"], ...intent },
      done: { kind: "done", id: "1", tags: ["t"], ...place },
      dropped: { kind: "dropped", tags: ["t"], place },
    };
    for (const [kind, event] of Object.entries(events)) {
      await put(one, "has", { tags: ["u", "t"] });
      await put(one, "has not", { tags: ["u"] });
      await log.record([dropped("v"), event]);
      assertEquals([await get(one, "has"), await get(one, "has not")], [undefined, "1"], kind);
    }
    await put(one, "has", { tags: ["t"] });
    await log.record([{ kind: "aborted", id: "1" }]);
    assertEquals(await get(one, "has"), "1", "a write that was refused has changed nothing");
    await log.record([dropped("#matches/has")]);
    assertEquals([await get(one, "has"), await get(one, "has not")], [undefined, "1"]);
    await put(one, "has");
    await log.record([dropped("#players")]);
    assertEquals(await get(one, "has"), "1", "another cache's");
    await log.record([dropped("#matches")]);
    assertEquals([await get(one, "has"), await get(one, "has not")], [undefined, undefined]);
  }));

Deno.test("ValueStore voids a tag's entries for good when the tag is used anew", () =>
  withCaches(async ({ isolate }) => {
    const one = await isolate();
    const { bus } = one.caches;
    await put(one, "old", { tags: ["t"] });
    await bus.drop({ tags: ["t"], place: undefined });
    await put(one, "new", { tags: ["t"] });
    assertEquals([await get(one, "old"), await get(one, "new")], [undefined, "1"]);
    await put(one, "short", { tags: ["u"], ttlMs: 50 });
    await put(one, "long", { tags: ["u"], ttlMs: 60_000 });
    await eventually(async () => await get(one, "short") === undefined);
    await bus.drop({ tags: ["u"], place: undefined });
    assertEquals(await get(one, "long"), undefined, "the tag is known while anything has it");
  }));

Deno.test("ValueStore makes room by what ends first when a cache is full", () =>
  withCaches(async ({ isolate, server }) => {
    const one = await isolate();
    await put(one, "soon", { ttlMs: 30_000 });
    await put(one, "late", { ttlMs: 60_000 });
    await put(one, "over", { ttlMs: 1 });
    await eventually(async () => await get(one, "over") === undefined);
    await put(one, "third", { ttlMs: 50_000 });
    assertEquals(await get(one, "soon"), "1", "what is over makes room first");
    await put(one, "third", { ttlMs: 50_000 });
    assertEquals(await get(one, "soon"), "1", "nothing is added by putting it again");
    await put(one, "fourth", { ttlMs: 40_000 });
    const found = await Promise.all(
      ["soon", "late", "third", "fourth"].map((key) => get(one, key)),
    );
    assertEquals(found, [undefined, "1", "1", "1"]);
    const big = JSON.stringify("x".repeat(50_000));
    for (const key of ["b1", "b2", "b3"]) await put(one, key, { value: big, ttlMs: 55_000 });
    assertEquals(await get(one, "b3"), big);
    assertEquals(await get(one, "b1"), undefined, "three of them have too many bytes");
    await one.store.delete(one.cache.config, "b2");
    await one.store.delete(one.cache.config, "b3");
    await one.store.delete(one.cache.config, "late");
    const state = await redisCommand(server, "HGET {test}:cache-state:matches bytes");
    assertEquals(state.split("\r\n")[1], "0", "what is taken out is not counted any longer");
  }, { maxEntries: 3, maxBytes: 140_000 }));

Deno.test("ValueStore leaves nothing behind when all of it is over", () =>
  withCaches(async ({ isolate, server }) => {
    const one = await isolate();
    await put(one, "a", { ttlMs: 1_000, tags: ["t"] });
    await put(one, "b", { ttlMs: 500 });
    const keys = () => redisCommand(server, "KEYS {test}:cache-*");
    assert((await keys()).includes("values:matches"));
    await eventually(async () => await keys() === "*0\r\n");
  }));

Deno.test("ValueStore's entries are void when Redis was started anew", () =>
  withCaches(async ({ isolate, server }) => {
    const one = await isolate();
    await put(one, "a", { tags: ["t"] });
    const { coherence } = one.caches.bus;
    const { epoch } = coherence;
    await server.stop();
    await server.start();
    await eventually(() => coherence.epoch !== epoch);
    assert((await redisCommand(server, "EXISTS {test}:cache-values:matches")).includes(":1"));
    assertEquals(await get(one, "a"), undefined, "what it lost after that is not known");
    await put(one, "b");
    assertEquals([await get(one, "a"), await get(one, "b")], [undefined, "1"]);
    const kept = await redisCommand(server, "HLEN {test}:cache-values:matches");
    assertEquals(kept, ":1\r\n");
  }));

Deno.test("ValueStore says what is known of a change when Redis does not answer", () =>
  withCaches(async ({ isolate, server }) => {
    const one = await isolate();
    server.kill("SIGSTOP");
    const late = await assertRejects(() => put(one, "a"), RealmgateError);
    assertEquals([late.code, late.outcome], ["redis_unavailable", "unknown"]);
    await eventually(() => one.redis.state === "down");
    const away = await assertRejects(() => put(one, "a"), RealmgateError);
    assertEquals([away.code, away.outcome], ["redis_unavailable", "not_applied"]);
    server.kill("SIGCONT");
  }));
