import { assert, assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import { createHash } from "node:crypto";
import { type Answer, Client } from "../support/client.ts";
import { eventually } from "../support/eventually.ts";
import { isolateClients } from "../support/isolate_clients.ts";
import { assertProblem } from "../support/problem.ts";
import { realmWith, type TestRealm, testRealm } from "../support/realm.ts";

const ENTRIES = "/v1/caches/matches/entries";
const READER = "reader-key";

/** The example realm with another writable cache and a key that may only read. */
async function cachesRealm(): Promise<TestRealm> {
  const folder = await realmWith("");
  const file = `${folder}/realmgate.yaml`;
  const text = await Deno.readTextFile(file);
  const sha256 = createHash("sha256").update(READER).digest("hex");
  await Deno.writeTextFile(
    file,
    text.replace("caches:\n", "caches:\n  lobby: { writable: true, lenient: 1h }\n")
      .replace("apiKeys:\n", `apiKeys:\n  - { name: r, sha256: ${sha256}, scopes: [read] }\n`),
  );
  return await testRealm({ realm: folder });
}

const sourceOf = ({ headers }: Answer) => headers.get("realmgate-source");
const valueOf = ({ status, body }: Answer) => status === 404 ? undefined : body["value"];

Deno.test("Service offers caches over HTTP as the contract says", async (t) => {
  await using realm = await cachesRealm();
  const { apiKey, stack } = realm.realm;
  const { service } = await realm.serve({ isolates: 2 });
  using isolates = await isolateClients(service.url, { apiKey, isolates: 2, cache: "matches" });
  const [one, two] = isolates.clients as [Client, Client];
  const reader = new Client(service.url, READER);
  const put = (key: string, body: Record<string, unknown>, client = one) =>
    client.put(`${ENTRIES}/${encodeURIComponent(key)}`, body);
  const get = (key: string, client = one, headers = {}) =>
    client.get(`${ENTRIES}/${encodeURIComponent(key)}`, headers);
  const invalidate = (body: unknown, cache = "matches", client = one) =>
    client.post(`/v1/caches/${cache}/invalidate`, body);
  const gone = (key: string, client: Client) =>
    eventually(async () => (await get(key, client)).status === 404);

  await t.step("an entry is put, read everywhere and deleted", async () => {
    const answered = await put("eu/raid:7", { value: { boss: 5 }, ttlMs: 60_000 });
    assertEquals([answered.status, answered.body], [200, { ttlMs: 60_000 }]);
    assertEquals(answered.headers.get("cache-control"), "no-store");
    for (const client of [one, two]) {
      const first = await get("eu/raid:7", client);
      assertEquals([first.status, first.body["value"]], [200, { boss: 5 }]);
      const again = await get("eu/raid:7", client, { "x-request-id": "game-7" });
      assertEquals([sourceOf(first), sourceOf(again)], ["redis", "cache"]);
      assertEquals(again.headers.get("x-request-id"), "game-7");
      assertEquals(again.headers.get("cache-control"), "private, no-cache");
      assertEquals(again.headers.get("etag"), first.headers.get("etag"));
      const left = Number(again.body["ttlMs"]);
      assert(left > 30_000 && left <= 60_000, `${left} ms are left`);
    }
    const path = `${ENTRIES}/eu%2Fraid:7`;
    assertEquals((await one.delete(path)).body, { deleted: true });
    assertProblem(await get("eu/raid:7"), 404, "not_found");
    await gone("eu/raid:7", two);
    assertEquals((await one.delete(path)).body, { deleted: false });
    assertEquals((await put("default", { value: null })).body, { ttlMs: 600_000 });
    assertEquals((await get("default")).text.startsWith('{"value":null,"ttlMs":'), true);
  });

  await t.step("a value that is known is 304, and a newer one is not", async () => {
    await put("seen", { value: 1 });
    const etag = (await get("seen")).headers.get("etag") ?? "";
    assertMatch(etag, /^W\/".+"$/);
    const known = await get("seen", one, { "if-none-match": etag });
    assertEquals([known.status, known.text, known.headers.get("etag")], [304, "", etag]);
    assertEquals((await get("seen", two, { "if-none-match": `"x", ${etag}` })).status, 304);
    await put("seen", { value: 2 });
    assertEquals(valueOf(await get("seen", one, { "if-none-match": etag })), 2);
  });

  await t.step("a value stays the text that was sent", async () => {
    const value = '{"n":9007199254740993,"d":1.10,"e":-0.0e400,"s":"\\u0000\\"}", "l":[ ] }';
    await one.putText(`${ENTRIES}/exact`, `{"tags":[],"value" : ${value} ,"ttlMs":5000}`);
    for (const client of [one, one, two]) {
      assertStringIncludes((await get("exact", client)).text, `{"value":${value},"ttlMs":`);
    }
    const deep = "[".repeat(20_000) + "]".repeat(20_000);
    await one.putText(`${ENTRIES}/exact`, `{"value":${deep}}`);
    const answer = await get("exact", two, { "realmgate-consistency": "strong" });
    assertEquals(answer.text.slice(0, 20_010), `{"value":${deep}`.slice(0, 20_010));
  });

  await t.step("whoever put a value reads it, others soon, strong readers at once", async () => {
    for (let n = 0; n < 30; n++) {
      await Promise.all([put("hot", { value: n }), get("hot", two)]);
      assertEquals(valueOf(await get("hot")), n);
      const strong = await get("hot", two, { "realmgate-consistency": "strong" });
      assertEquals([valueOf(strong), sourceOf(strong)], [n, "redis"]);
      await eventually(async () => valueOf(await get("hot", two)) === n);
    }
  });

  await t.step("a statement that invalidates a tag drops what was put under it", async () => {
    const addGold = () => one.exec("player.add_gold", { playerId: "42", amount: "1" });
    await put("party:9", { value: "a", tags: ["player:42", "party"] });
    await put("party:8", { value: "b", tags: ["player:43", "party"] });
    await get("party:9", two);
    assertEquals((await addGold()).status, 200);
    assertEquals((await get("party:9")).status, 404);
    await gone("party:9", two);
    assertEquals(valueOf(await get("party:8")), "b");
    await put("party:9", { value: "c", tags: ["player:42"] });
    assertEquals(valueOf(await get("party:9")), "c", "it was put after the write");
    const calls = [{ statement: "player.add_gold", params: { playerId: "42", amount: "1" } }];
    assertEquals((await two.post("/v1/batch", { calls })).status, 200);
    assertEquals((await get("party:9", two)).status, 404);
    await gone("party:9", one);
  });

  await t.step("an invalidation drops keys, tags or all, and says of how many", async () => {
    await put("a", { value: 1, tags: ["t:1"] });
    await put("b", { value: 2, tags: ["t:2"] });
    await put("c", { value: 3 });
    assertEquals((await invalidate({ keys: ["a", "nobody", "a"] })).body, { invalidated: 2 });
    assertEquals((await get("a")).status, 404);
    assertEquals((await invalidate({ tags: ["t:2"] }, "players")).body, { invalidated: 1 });
    assertEquals((await get("b")).status, 404, "tags are the fleet's, not a cache's");
    assertEquals(valueOf(await get("c", two)), 3);
    const all = { keys: ["c"], tags: ["t:1", "x:%C3%BC"], all: true };
    assertEquals((await invalidate(all)).body, { invalidated: 4 });
    for (const client of [one, two]) await gone("c", client);
    await put("a", { value: 4, tags: ["t:1"] });
    assertEquals(valueOf(await get("a")), 4, "it was put after that");
  });

  await t.step("answers of statements are dropped by key in both of their forms", async () => {
    const read = async (client: Client, accept: string) =>
      sourceOf(await client.get("/v1/query/player.get?playerId=77", { accept }));
    const forms = ["application/json", "application/json; int64=number"];
    const warm = (client: Client, form: string) =>
      eventually(async () => await read(client, form) === "cache");
    for (const client of [one, two]) for (const form of forms) await warm(client, form);
    for (const key of ["player.get?playerId=77", "player.get?playerId=77;int64=number"]) {
      assertEquals((await invalidate({ keys: [key] }, "players")).body, { invalidated: 1 });
      for (const form of forms) assert(await read(one, form) !== "cache", key);
      await warm(one, "application/json");
    }
    assertEquals((await invalidate({ all: true }, "players")).status, 200);
    assert(await read(one, "application/json") !== "cache");
  });

  await t.step("statistics are those of the isolate that answers", async () => {
    const statsOf = async (client: Client) => {
      const { body } = await client.get("/v1/caches");
      const caches = body["caches"] as { name: string; writable: boolean; hits: number }[];
      return { ...body, matches: caches.find(({ name }) => name === "matches"), caches };
    };
    const [before, other] = [await statsOf(one), await statsOf(two)];
    await put("counted", { value: 1 });
    await get("counted");
    await get("counted");
    assertEquals((await statsOf(one)).matches?.hits, (before.matches?.hits ?? 0) + 1);
    assertEquals((await statsOf(two)).matches?.hits, other.matches?.hits);
    const { lease, doubts, caches } = await statsOf(one) as Record<string, unknown>;
    assertEquals([lease, doubts, (caches as unknown[]).length], ["held", 0, 5]);
  });

  await t.step("what is wrong with a request is said", async () => {
    const params = (answer: Answer) => {
      assertProblem(answer, 400, "invalid_request");
      return (answer.body["errors"] as { param: string }[]).map(({ param }) => param);
    };
    assertEquals(params(await invalidate({})), ["body"]);
    assertEquals(params(await invalidate({ keys: [], all: false })), ["body"]);
    assertEquals(params(await invalidate([])), ["body"]);
    assertEquals(
      params(await invalidate({ keys: "a", tags: ["#matches", "ok", "a b", 7], all: 1, key: "x" })),
      ["key", "keys", "tags[0]", "tags[2]", "tags[3]", "all"],
    );
    assertEquals(params(await invalidate({ keys: ["a b", "x".repeat(513)] })), [
      "keys[0]",
      "keys[1]",
    ]);
    const many = Array.from({ length: 1_001 }, (_, n) => `k${n}`);
    assertEquals(params(await invalidate({ keys: many, tags: many })), ["keys", "tags"]);
    assertEquals((await invalidate({ keys: many.slice(1), tags: many.slice(1) })).body, {
      invalidated: 2_000,
    });
    assertEquals(params(await put("k", {})), ["value"]);
    assertEquals(
      params(await put("k", { value: 1, ttlMs: 0, tags: ["a b"], ttl: 5 })),
      ["ttl", "ttlMs", "tags[0]"],
    );
    assertEquals(params(await put("k", { value: 1, ttlMs: 86_400_001 })), ["ttlMs"]);
    assertEquals(params(await put("k", { value: 1, tags: many.slice(0, 17) })), ["tags"]);
    assertEquals(params(await one.putText(`${ENTRIES}/k`, "[1]")), ["body", "value"]);
    for (const key of ["a b", "-x", "ü", "a%zz", "x".repeat(513)]) {
      assertEquals(params(await get(key)), ["key"], key);
      assertEquals(params(await put(key, { value: 1 })), ["key"], key);
    }
    assertEquals((await get("x".repeat(512))).status, 404);
    const big = (bytes: number) => put("k", { value: "x".repeat(bytes - 2) });
    assertEquals((await big(65_536)).status, 200);
    assertProblem(await big(65_537), 413, "payload_too_large");
    assertProblem(await one.putText(`${ENTRIES}/k`, '{"value":'), 400, "invalid_request");
    for (const [path, code] of [["matches", 200], ["players", 400], ["none", 404]] as const) {
      const answer = await one.put(`/v1/caches/${path}/entries/k`, { value: 1 });
      assertEquals(answer.status, code, answer.text);
    }
    assertProblem(await one.get("/v1/caches/players/entries/k"), 400, "not_supported");
    assertProblem(await one.delete("/v1/caches/players/entries/k"), 400, "not_supported");
    assertProblem(await invalidate({ all: true }, "none"), 404, "unknown_cache");
    for (const header of ["idempotency-key", "realmgate-fence"]) {
      const headers = { [header]: "raid=1" };
      assertProblem(await one.delete(`${ENTRIES}/k`, headers), 400, "not_supported");
      assertProblem(await one.get(`${ENTRIES}/k`, headers), 400, "not_supported");
    }
  });

  await t.step("keys need their scopes", async () => {
    assertEquals((await reader.get("/v1/caches")).status, 200);
    assertEquals((await reader.get(`${ENTRIES}/k`)).status, 200);
    assertProblem(await reader.put(`${ENTRIES}/k`, { value: 1 }), 403, "forbidden");
    assertProblem(await reader.delete(`${ENTRIES}/k`), 403, "forbidden");
    assertProblem(await invalidate({ all: true }, "matches", reader), 403, "forbidden");
    assertProblem(await new Client(service.url, "x").get("/v1/caches"), 401, "unauthenticated");
  });

  await t.step("without Redis nothing old is answered, and nothing hangs", async () => {
    const lobby = "/v1/caches/lobby/entries/k";
    await one.put(lobby, { value: "old" });
    assertEquals(sourceOf(await one.get(lobby)), "redis");
    await put("k", { value: 1, tags: ["k"] });
    await get("k");
    stack.redis.kill("SIGSTOP");
    const late = await one.put(`${ENTRIES}/k`, { value: 2 }, { "realmgate-deadline-ms": "100" });
    assertProblem(late, 504, "deadline_exceeded");
    assertEquals([late.body["outcome"], late.body["retry"]], ["unknown", "later"]);
    stack.redis.kill();
    await eventually(async () => (await one.get("/v1/caches")).body["lease"] === "lost");
    assertProblem(await get("k"), 503, "redis_unavailable");
    assertProblem(await put("k", { value: 3 }), 503, "redis_unavailable");
    const refused = await invalidate({ tags: ["k"] });
    assertProblem(refused, 503, "redis_unavailable");
    assertEquals([refused.body["outcome"], refused.body["retry"]], ["not_applied", "later"]);
    assertStringIncludes(String(refused.body["detail"]), "within 2 s");
    const stale = await one.get(lobby);
    assertEquals([stale.body["value"], sourceOf(stale)], ["old", "stale"]);
    assertEquals((await one.delete(lobby)).status, 503);
    assertProblem(await one.get(lobby), 503, "redis_unavailable");
    await stack.redis.restart();
    await eventually(async () => (await put("k", { value: 4 })).status === 200);
    for (const client of [one, two]) {
      await eventually(async () => valueOf(await get("k", client)) === 4);
    }
  });
});
