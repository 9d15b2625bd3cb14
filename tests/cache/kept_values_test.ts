import { assert, assertEquals, assertRejects } from "@std/assert";
import { RealmgateError } from "../../src/core/errors.ts";
import { eventually } from "../support/eventually.ts";
import { type CacheIsolate, withCaches } from "./cache_isolates.ts";

interface Put {
  readonly value?: string;
  readonly ttlMs?: number;
  readonly tags?: string[];
}

function put({ values, cache }: CacheIsolate, key: string, more: Put = {}): Promise<void> {
  return values.put(cache, { key, value: "1", ttlMs: 60_000, tags: [], ...more });
}

/** What a GET answers: the value and where it came from. */
async function get({ values, cache }: CacheIsolate, key: string) {
  const found = values.find(cache, key) ?? await values.read(cache, key);
  return found && [found.value, found.source];
}

const writeOf = (tags: string[]) => ({ tags, shard: "s1", node: "n", connection: 1, limitMs: 500 });
const PLACE = { shard: "s1", epoch: "1", position: "" };

Deno.test("KeptValues answers from its own cache what it read before, with the time that is left", () =>
  withCaches(async ({ isolate }) => {
    const one = await isolate();
    await put(one, "a", { value: '{"n":1}', tags: ["t"] });
    assertEquals(await get(one, "a"), ['{"n":1}', "redis"]);
    assertEquals(await get(one, "a"), ['{"n":1}', "cache"]);
    const [first, later] = [one.values.find(one.cache, "a"), await one.values.read(one.cache, "a")];
    assert((first?.leftMs ?? 0) > 50_000 && (first?.leftMs ?? 0) <= 60_000);
    assertEquals(first?.etag, later?.etag);
    await put(one, "b", { ttlMs: 100 });
    await get(one, "b");
    await eventually(async () => await get(one, "b") === undefined);
    assertEquals(await get(one, "none"), undefined);
  }));

Deno.test("KeptValues answers the newer value at once where it was put, and soon elsewhere", () =>
  withCaches(async ({ isolate }) => {
    const [one, two] = [await isolate(), await isolate()];
    for (let n = 0; n < 200; n++) {
      const value = String(n);
      // Reads of both are under way while it is put.
      const reads = [one, two].flatMap((reader) => [get(reader, "a"), get(reader, "a")]);
      await put(one, "a", { value });
      assertEquals((await get(one, "a"))?.[0], value);
      await Promise.all(reads);
      assertEquals((await get(one, "a"))?.[0], value, "a read that it overtook is not kept");
      await eventually(async () => (await get(two, "a"))?.[0] === value);
      await get(two, "a");
    }
    await one.values.delete(one.cache, "a");
    assertEquals(await get(one, "a"), undefined);
    await eventually(async () => await get(two, "a") === undefined);
  }));

Deno.test("KeptValues keeps nothing that was read before a drop of its tag, when that comes meanwhile", () =>
  withCaches(async ({ isolate }) => {
    const [one, two] = [await isolate(), await isolate()];
    let overtaken = 0;
    for (let n = 0; n < 200; n++) {
      const tags = [`t:${n % 3}`];
      await put(one, "a", { tags });
      const reads = Array.from({ length: 5 }, () => two.values.read(two.cache, "a"));
      await one.caches.bus.drop({ tags, place: undefined });
      await Promise.all(reads);
      await eventually(async () => await get(two, "a") === undefined, { withinMs: 2_000 });
      overtaken = two.cache.counters.overtaken;
    }
    console.log(`${overtaken} of 1,000 reads were overtaken`);
  }));

Deno.test("KeptValues answers nothing of a tag that a write of this isolate dropped", () =>
  withCaches(async ({ isolate }) => {
    const [one, two] = [await isolate(), await isolate()];
    let told = 0;
    for (let n = 0; n < 100; n++) {
      await put(one, "a", { tags: ["player:1"] });
      await get(one, "a");
      await get(two, "a");
      const { intent, recorded } = await one.caches.bus.intend(writeOf(["player:1"]));
      if (!recorded) {
        one.caches.bus.aborted(intent);
        continue;
      }
      told++;
      assertEquals(await get(one, "a"), undefined, "its write is under way");
      // Put while the write is under way: nobody knows which of its states it was made from.
      await put(one, "a", { tags: ["player:1"] });
      assertEquals(await get(one, "a"), undefined, "in doubt");
      // Others are busy telling when it ends: the end waits in line.
      const busy = one.caches.bus.drop({ tags: ["x"], place: undefined });
      one.caches.bus.done(intent, PLACE);
      assertEquals(await get(one, "a"), undefined, "acknowledged");
      await busy;
      await eventually(async () => await get(two, "a") === undefined);
    }
    assert(told > 50, `${told} intents were told in time`);
  }));

Deno.test("KeptValues keeps what is put after a write, and what is put during one that fails", () =>
  withCaches(async ({ isolate }) => {
    const one = await isolate();
    for (let n = 0; n < 50; n++) {
      const { intent } = await one.caches.bus.intend(writeOf(["player:1"]));
      const busy = one.caches.bus.drop({ tags: ["x"], place: undefined });
      one.caches.bus.done(intent, PLACE);
      await put(one, "a", { tags: ["player:1"] });
      assertEquals((await get(one, "a"))?.[0], "1", "the write's end does not void it");
      await busy;
    }
    const { intent } = await one.caches.bus.intend(writeOf(["player:1"]));
    await put(one, "a", { tags: ["player:1"] });
    one.caches.bus.aborted(intent);
    assertEquals((await get(one, "a"))?.[0], "1");
  }));

Deno.test("KeptValues refuses without Redis, answers stale where that is allowed, and comes back", () =>
  withCaches(async ({ isolate, server }) => {
    const one = await isolate();
    await put(one, "a", { tags: ["t"] });
    assertEquals(await get(one, "a"), ["1", "redis"]);
    server.kill();
    await eventually(() => one.caches.stats().lease === "lost");
    assertEquals(await get(one, "a"), ["1", "stale"]);
    const refused = await assertRejects(() => get(one, "b"), RealmgateError);
    assertEquals([refused.code, refused.outcome], ["redis_unavailable", "not_applied"]);
    assertEquals((await assertRejects(() => put(one, "a"), RealmgateError)).outcome, "not_applied");
    // What was to be changed is not answered any longer.
    await assertRejects(() => get(one, "a"), RealmgateError);
    await server.start();
    await eventually(() => one.redis.state === "up");
    assertEquals(await get(one, "a"), undefined, "another Redis than the one it was put into");
    await put(one, "a");
    assertEquals(await get(one, "a"), ["1", "redis"]);
  }, { lenientMs: 60_000 }));

Deno.test("KeptValues reads Redis without the lease as soon as Redis answers", () =>
  withCaches(async ({ isolate, server }) => {
    const one = await isolate();
    await put(one, "a");
    await get(one, "a");
    server.kill("SIGSTOP");
    await eventually(() => one.caches.stats().lease === "lost");
    await assertRejects(() => get(one, "a"), RealmgateError);
    server.kill("SIGCONT");
    await eventually(() => one.redis.state === "up");
    assertEquals(await get(one, "a"), ["1", "redis"]);
  }));

Deno.test("KeptValues does not send loads of statements to the primary when an entry is put", () =>
  withCaches(async ({ isolate }) => {
    const [one, two] = [await isolate(), await isolate()];
    await put(one, "a", { tags: ["t"] });
    await one.values.delete(one.cache, "a");
    await one.caches.bus.drop({ tags: ["#matches", "#players", "u"], place: undefined });
    await eventually(() => two.written.length > 0);
    for (const { written } of [one, two]) {
      for (const tags of written) assertEquals(tags, ["#players", "u"]);
    }
    assert(one.written.length > 0);
  }));
