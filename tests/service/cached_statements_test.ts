import { assert, assertEquals } from "@std/assert";
import { type Answer, Client } from "../support/client.ts";
import { eventually } from "../support/eventually.ts";
import { isolateClients } from "../support/isolate_clients.ts";
import { realmWith, testRealm } from "../support/realm.ts";
import { countStatements, statementsOf } from "../support/statement_count.ts";

const STATEMENTS = `
-- name: test.swr :one
-- @shard :playerId
-- @param playerId bigint
-- @cache players ttl=300ms swr=60s tags=player:{playerId}
SELECT id, gold FROM players WHERE id = :playerId;

-- name: test.slow :one
-- @shard :playerId
-- @param playerId bigint
-- @cache players tags=player:{playerId}
SELECT id, gold, SLEEP(0.5) AS slept FROM players WHERE id = :playerId;

-- name: test.lenient :one
-- @shard :playerId
-- @param playerId bigint
-- @cache lenient tags=player:{playerId}
SELECT id, gold FROM players WHERE id = :playerId;

-- name: test.brief_negative :one
-- @shard :playerId
-- @param playerId bigint
-- @cache brief tags=player:{playerId}
SELECT id, gold FROM players WHERE id = :playerId;

-- name: test.twins :many
-- @shard :playerId
-- @param playerId bigint
-- @param names string[]
-- @cache players tags=player:{playerId}
SELECT name FROM players WHERE id = :playerId AND name IN (:names);
`;

interface Stats {
  readonly name: string;
  readonly entries: number;
  readonly loads: number;
  readonly joined: number;
  readonly hits: number;
  readonly evicted: { readonly outdated: number };
}

const sourceOf = ({ headers }: Answer) => headers.get("realmgate-source");
const goldOf = ({ body }: Answer) => Number((body["data"] as { gold: string }).gold);
const etagOf = ({ headers }: Answer) => headers.get("etag") ?? "";
const isRead = (answer: Answer) => ["replica", "primary"].includes(sourceOf(answer) ?? "");

async function players(client: Client): Promise<Stats> {
  const { body } = await client.get("/v1/caches");
  const found = (body["caches"] as Stats[]).find(({ name }) => name === "players");
  if (found === undefined) throw new Error("the cache must be there");
  return found;
}

Deno.test("Service answers statements from its caches", async (t) => {
  const folder = await realmWith(STATEMENTS);
  const file = `${folder}/realmgate.yaml`;
  const caches = "caches:\n  lenient: { lenient: 1h }\n  brief: { ttl: 1h, negativeTtl: 300ms }\n";
  const text = await Deno.readTextFile(file);
  await Deno.writeTextFile(file, text.replace("caches:\n", caches));
  await using realm = await testRealm({ realm: folder });
  const { apiKey, stack } = realm.realm;
  const { service } = await realm.serve({ isolates: 2 });
  using isolates = await isolateClients(service.url, { apiKey, isolates: 2, cache: "matches" });
  const [one, two] = isolates.clients as [Client, Client];
  const both = [one, two];
  const get = (client: Client, playerId: number, headers = {}, statement = "player.get") =>
    client.get(`/v1/query/${statement}?playerId=${playerId}`, headers);
  const warm = (client: Client, playerId: number, statement = "player.get") =>
    eventually(async () => {
      const answer = await get(client, playerId, {}, statement);
      return sourceOf(answer) === "cache" ? answer : undefined;
    });
  const addGold = { playerId: "42", amount: "1" };

  await t.step("a second read is a hit, with an ETag that a GET may send back", async () => {
    const first = await get(one, 42);
    assert(isRead(first), String(sourceOf(first)));
    const hit = await warm(one, 42);
    assertEquals([hit.text, etagOf(hit)], [first.text, etagOf(first)]);
    assertEquals(hit.headers.get("realmgate-shard"), first.headers.get("realmgate-shard"));
    assertEquals(hit.headers.get("cache-control"), "private, no-cache");
    const known = { "if-none-match": etagOf(first) };
    const unchanged = await get(one, 42, known);
    assertEquals([unchanged.status, unchanged.text], [304, ""]);
    assertEquals([etagOf(unchanged), sourceOf(unchanged)], [etagOf(first), "cache"]);
    const numbers = await get(one, 42, { ...known, accept: "application/json; int64=number" });
    assertEquals([numbers.status, (numbers.body["data"] as { gold: number }).gold], [200, 1_000]);
    const posted = await one.post("/v1/query/player.get", { params: { playerId: 42 } }, known);
    assertEquals([posted.status, posted.text, sourceOf(posted)], [200, first.text, "cache"]);
    const strong = await get(one, 42, { ...known, "realmgate-consistency": "strong" });
    assertEquals([strong.status, sourceOf(strong)], [304, "primary"]);
  });

  await t.step("Server-Timing says where the time of a read went", async () => {
    const phases = async (client: Client, playerId: number) => {
      const answer = await get(client, playerId, { "realmgate-timing": "1" });
      const header = answer.headers.get("server-timing") ?? "";
      return header.split(", ").map((phase) => phase.split(";")[0]).join();
    };
    await warm(one, 42);
    assertEquals(await phases(one, 42), "cache,total");
    assertEquals(await phases(one, 44), "cache,route,pool,db,encode,total");
  });

  await t.step("strong and session reads go past the cache", async () => {
    await warm(one, 42);
    for (const consistency of ["strong", "session"]) {
      const answer = await get(one, 42, { "realmgate-consistency": consistency });
      assert(isRead(answer), `${consistency}: ${sourceOf(answer)}`);
    }
  });

  await t.step("keys tell values from each other", async () => {
    const path = "/v1/query/test.twins?playerId=42";
    const list = async (query: string) => (await one.get(`${path}${query}`)).body["data"];
    const name = encodeURIComponent("a,b");
    assertEquals(await list(`&names=${name}`), []);
    const answer = await one.get(`${path}&names=a&names=b`);
    assert(isRead(answer), "two names are not one with a comma");
    assertEquals(sourceOf(await one.get(`${path}&names=a&names=b`)), "cache");
  });

  await t.step("a write that invalidates drops what every isolate has", async () => {
    const calls = [{ statement: "player.add_gold", params: addGold }];
    const writes = [
      (client: Client) => client.exec("player.add_gold", addGold),
      (client: Client) => client.post("/v1/batch", { calls }),
    ];
    for (const write of writes) {
      for (let n = 0; n < 10; n++) {
        const [before] = [goldOf(await warm(one, 42)), await warm(two, 42)];
        const [writer, other] = n % 2 === 0 ? [one, two] : [two, one];
        assertEquals((await write(writer)).status, 200);
        assertEquals(goldOf(await get(writer, 42)), before + 1, "the isolate that wrote");
        await eventually(async () => goldOf(await get(other, 42)) === before + 1);
      }
    }
  });

  await t.step("that there is no row is kept too, until there is one or for its time", async () => {
    for (const client of both) assertEquals((await warm(client, 20_001)).body, { data: null });
    const params = { playerId: "20001", name: "Nova" };
    assertEquals((await one.exec("player.create", params)).status, 200);
    const found = (answer: Answer) => (answer.body["data"] as { name: string } | null)?.name;
    assertEquals(found(await get(one, 20_001)), "Nova");
    await eventually(async () => found(await get(two, 20_001)) === "Nova");
    await warm(one, 20_002, "test.brief_negative");
    await warm(one, 42, "test.brief_negative");
    await eventually(async () => isRead(await get(one, 20_002, {}, "test.brief_negative")));
    assertEquals(sourceOf(await get(one, 42, {}, "test.brief_negative")), "cache");
  });

  await t.step("an answer past its time is given while another is loaded", async () => {
    const read = () => get(one, 42, {}, "test.swr");
    const before = goldOf(await read());
    const shard = stack.shards.find(({ name }) => name === "s1");
    const other = stack.shards.find(({ name }) => name === "s2");
    // Past the service, so that nothing tells it.
    for (const { primary } of [shard, other].flatMap((found) => found ?? [])) {
      await primary.sql("UPDATE players SET gold = gold + 7 WHERE id = 42");
    }
    const stale = await eventually(async () => {
      const answer = await read();
      return sourceOf(answer) === "stale" ? answer : undefined;
    });
    assertEquals(goldOf(stale), before);
    await eventually(async () => goldOf(await read()) === before + 7);
  });

  await t.step("a thousand that miss the same key make one query", async () => {
    const client = new Client(service.url, apiKey);
    const servers = stack.shards.flatMap(({ primary, replicas }) => [primary, ...replicas]);
    for (const server of servers) await countStatements(server);
    const ran = async () => {
      const counts = servers.map((server) => statementsOf(server, stack.service.user));
      return (await Promise.all(counts)).reduce((sum, count) => sum + count, 0);
    };
    const sum = async () => {
      const [a, b] = await Promise.all(both.map(players));
      return { loads: (a?.loads ?? 0) + (b?.loads ?? 0), hits: (a?.hits ?? 0) + (b?.hits ?? 0) };
    };
    const [before, ranBefore] = [await sum(), await ran()];
    const answers = await Promise.all(
      Array.from({ length: 1_000 }, () => get(client, 43, {}, "test.slow")),
    );
    const [after, ranAfter] = [await sum(), await ran()];
    assertEquals(answers.filter(({ status }) => status !== 200).length, 0);
    assertEquals(new Set(answers.map((answer) => answer.text)).size, 1);
    const loads = after.loads - before.loads;
    console.log(`${loads} loads, ${ranAfter - ranBefore} statements in all, probes included`);
    assert(loads >= 1 && loads <= 2, `${loads} loads by two isolates`);
    assert(ranAfter - ranBefore < 200, `${ranAfter - ranBefore} statements`);
  });

  await t.step("a dry run says what the cache would do, and counts as no use", async () => {
    const route = async (query: string, headers = {}) => {
      const { body } = await one.get(`/v1/route/${query}`, headers);
      return body as { cache: Record<string, unknown> | null; why: string[]; node: string };
    };
    await warm(one, 42);
    const { hits } = await players(one);
    const fresh = await route("player.get?playerId=42");
    const key = "player.get?playerId=42";
    assertEquals(fresh.cache, { name: "players", key, state: "fresh" });
    assert(fresh.why.includes("the cache players has the answer"), fresh.why.join());
    const absent = await route("player.get?playerId=4242");
    assertEquals(absent.cache?.["state"], "absent");
    const numbers = await route(key, { accept: "application/json; int64=number" });
    assertEquals(numbers.cache?.["key"], `${key};int64=number`);
    assertEquals((await route(key, { "realmgate-consistency": "strong" })).cache, null);
    assertEquals((await route("event.list?playerId=42")).cache, null);
    assertEquals((await route("player.add_gold?playerId=42&amount=1")).cache, null);
    assertEquals((await players(one)).hits, hits);
  });

  await t.step("statements that are read again have no answers from before", async () => {
    for (const client of both) await warm(client, 42);
    const before = await players(one);
    service.kill("SIGHUP");
    for (const client of both) await eventually(async () => (await players(client)).entries === 0);
    assert((await players(one)).evicted.outdated > before.evicted.outdated);
    assert(isRead(await get(one, 42)));
  });

  await t.step("without Redis all is read from the primaries, and written too", async () => {
    const before = await warm(one, 42, "test.lenient");
    await warm(one, 42);
    stack.redis.kill();
    for (const client of both) {
      await eventually(async () => (await client.get("/v1/caches")).body["lease"] === "lost");
    }
    const reads = await Promise.all(both.map((client) => get(client, 42)));
    assertEquals(reads.map(sourceOf), ["primary", "primary"]);
    const stale = await get(one, 42, {}, "test.lenient");
    assertEquals([sourceOf(stale), stale.text], ["stale", before.text]);
    const route = (await one.get("/v1/route/player.get?playerId=42")).body;
    const { state } = route["cache"] as { state: string };
    const primaries = stack.shards.map(({ primary }) => primary.name);
    assertEquals([state, primaries.includes(String(route["node"]))], ["bypassed", true]);
    const gold = goldOf(await get(one, 42));
    assertEquals((await one.exec("player.add_gold", addGold)).status, 200);
    for (const client of both) assertEquals(goldOf(await get(client, 42)), gold + 1);
    const own = await get(one, 42, {}, "test.lenient");
    assertEquals([sourceOf(own), goldOf(own)], ["primary", gold + 1]);
  });
});

Deno.test("Service says that a shard has no primary when a cached read waits for one in vain", async () => {
  await using realm = await testRealm();
  const { client } = await realm.serve();
  const shard = realm.realm.stack.shards[0];
  if (shard === undefined) throw new Error("the stack must have a shard");
  for (const node of [shard.primary, ...shard.replicas]) node.kill("SIGKILL");
  const find = async (playerId: number): Promise<number> => {
    const { body } = await client.get(`/v1/route/player.get?playerId=${playerId}`);
    return body["shard"] === shard.name ? playerId : await find(playerId + 1);
  };
  const playerId = await find(1);
  const read = () =>
    client.get(`/v1/query/player.get?playerId=${playerId}`, { "realmgate-deadline-ms": "500" });
  await eventually(async () => (await read()).body["code"] === "no_primary");
  const answers = await Promise.all(Array.from({ length: 4 }, read));
  assertEquals(answers.map(({ status, body }) => [status, body["code"], body["outcome"]]), [
    ...Array.from({ length: 4 }, () => [503, "no_primary", "not_applied"]),
  ]);
});
