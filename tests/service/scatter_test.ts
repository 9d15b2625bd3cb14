import { assert, assertEquals } from "@std/assert";
import type { Answer, Client } from "../support/client.ts";
import { assertProblem } from "../support/problem.ts";
import { realmWith, testRealm } from "../support/realm.ts";

const STATEMENTS = `-- name: page.top :many
-- @shard all
-- @param limit int
-- @merge order=level desc,id limit=:limit after=:cursor
SELECT id, level FROM players WHERE :cursor ORDER BY level DESC, id LIMIT :limit;

-- name: page.of_level :many
-- @shard s1
-- @param level int
-- @param limit int
-- @merge order=xp,id limit=:limit after=:cursor
SELECT id, xp, name FROM players WHERE level = :level AND :cursor ORDER BY xp, id LIMIT :limit;

-- name: page.few :many
-- @shard all
-- @param limit int
-- @maxrows 3
-- @merge order=id limit=:limit after=:cursor
SELECT id FROM players WHERE :cursor ORDER BY id LIMIT :limit;

-- name: scatter.some :many
-- @shard each(:ids)
-- @param ids bigint[]
SELECT name, id FROM players WHERE id IN (:ids);

-- name: scatter.present :many
-- @shard each(:ids)
-- @param ids bigint[]
-- @partial omit
SELECT id FROM players WHERE id IN (:ids);

-- name: scatter.wide :many
-- @shard each(:ids)
-- @param ids bigint[]
-- @maxrows 5000
SELECT p.id FROM players p JOIN players q ON q.id <= 10000 WHERE p.id IN (:ids);

-- name: scatter.totals :one
-- @shard all
-- @partial omit
-- @merge sum=gold,players max=best min=least
SELECT SUM(gold) AS gold, COUNT(*) AS players, MAX(xp) AS best, MIN(id) AS least FROM players;

-- name: scatter.by_name :many
-- @shard all
-- @param limit int
-- @merge order=name limit=:limit
SELECT name FROM players ORDER BY name LIMIT :limit;
`;

const ids = (answer: Answer) => (answer.body["data"] as { id: string }[]).map(({ id }) => id);

Deno.test("Service answers as one what lies on several shards", async (t) => {
  await using realm = await testRealm({ realm: await realmWith(STATEMENTS) });
  const { client } = await realm.serve();
  const { shards } = realm.realm.stack;
  const all = async (sql: string) =>
    (await Promise.all(shards.map(({ primary }) => primary.sql(sql)))).flat()
      .map((row) => Object.values(row).map(String));

  await t.step("the top of all shards, in one order", async () => {
    const answer = await client.get("/v1/query/leaderboard.top?limit=25");
    const rows = await all("SELECT id, xp FROM players");
    rows.sort(([a, x], [b, y]) =>
      Number(BigInt(y ?? "") - BigInt(x ?? "")) || Number(a) - Number(b)
    );
    assertEquals(ids(answer), rows.slice(0, 25).map(([id]) => id));
    assertEquals(answer.headers.get("realmgate-shard"), "s1,s2");
    assertEquals(answer.headers.get("realmgate-source"), "replica");
    const strong = { "realmgate-consistency": "strong" };
    const primary = await client.get("/v1/query/leaderboard.top?limit=25", strong);
    assertEquals(primary.headers.get("realmgate-source"), "primary");
    assertEquals(primary.text, answer.text);
    const route = (await client.get("/v1/route/leaderboard.top?limit=25", strong)).body;
    const named = (route["shards"] as { shard: string; node: string }[])
      .map(({ shard, node }) => `${shard} ${node}`);
    assertEquals([route["shard"], route["node"], named], ["s1,s2", null, ["s1 s1a", "s2 s2a"]]);
  });

  await t.step("pages go through every row once, in order", async () => {
    const rows = await all("SELECT id, level FROM players");
    rows.sort(([a, x], [b, y]) => Number(y) - Number(x) || Number(a) - Number(b));
    const seen: string[] = [];
    let cursor: unknown = "";
    let pages = 0;
    for (; cursor !== null; pages++) {
      const page = await client.get(`/v1/query/page.top?limit=999&cursor=${cursor}`);
      assertEquals(page.status, 200, page.text);
      seen.push(...ids(page));
      cursor = page.body["next"];
    }
    assertEquals(pages, Math.ceil(rows.length / 999));
    assertEquals(seen, rows.map(([id]) => id));
  });

  await t.step("pages of one shard, by POST", async () => {
    const seen: string[] = [];
    let cursor: unknown = null;
    do {
      const params = { level: 7, limit: 10, cursor };
      const page = await client.post("/v1/query/page.of_level", { params });
      seen.push(...ids(page));
      cursor = page.body["next"];
    } while (cursor !== null);
    const expected = await shards[0]?.primary.sql(
      "SELECT id FROM players WHERE level = 7 ORDER BY xp, id",
    );
    assertEquals(seen, expected?.map((row) => String(Object.values(row)[0])));
    const wrong = await client.get("/v1/query/page.of_level?level=7&limit=10&cursor=abc");
    assertProblem(wrong, 400, "invalid_request");
    assertEquals(wrong.body["errors"], [{
      param: "cursor",
      detail: 'must be the "next" of a page of this statement, received "abc"',
    }]);
  });

  await t.step("a list of keys, in its own order", async () => {
    const asked = "ids=9999&ids=7&ids=123456789&ids=42&ids=7&ids=1";
    const answer = await client.get(`/v1/query/scatter.some?${asked}`);
    assertEquals(ids(answer), ["9999", "7", "42", "1"]);
    assertEquals(answer.body["missingKeys"], ["123456789"]);
    assertEquals((await post(client, "scatter.some", [])).body, { data: [], missingKeys: [] });
    const numbers = { accept: "application/json; int64=number" };
    const plain = await client.get(`/v1/query/scatter.some?${asked}`, numbers);
    assert(plain.text.endsWith('"missingKeys":[123456789]}'), plain.text);
    const many = Array.from({ length: 1_000 }, (_, n) => 1_000 - n);
    assertEquals(ids(await post(client, "scatter.some", many)), many.map(String));
  });

  await t.step("aggregates of all shards", async () => {
    const [gold, players, best] = (await all("SELECT SUM(gold), COUNT(*), MAX(xp) FROM players"))
      .reduce((a, b) => [
        String(BigInt(a[0] ?? "") + BigInt(b[0] ?? "")),
        String(Number(a[1]) + Number(b[1])),
        String(Math.max(Number(a[2]), Number(b[2]))),
      ]);
    const { body } = await client.get("/v1/query/scatter.totals");
    assertEquals(body, { data: { gold, players, best, least: "1" } });
  });

  await t.step("more rows than it may have are refused", async () => {
    const asked = await client.get("/v1/query/page.top?limit=100000");
    assertProblem(asked, 413, "result_too_large");
    assertProblem(await post(client, "scatter.wide", [1, 2, 3]), 413, "result_too_large");
  });

  await t.step("a page may have as many rows as its statement", async () => {
    const page = await client.get("/v1/query/page.few?limit=3");
    assertEquals(ids(page), ["1", "2", "3"]);
    const next = await client.get(`/v1/query/page.few?limit=3&cursor=${page.body["next"]}`);
    assertEquals(ids(next), ["4", "5", "6"]);
    const more = await client.get("/v1/query/page.few?limit=4");
    assertProblem(more, 413, "result_too_large");
  });

  await t.step("what cannot be merged is said at the start", async () => {
    const answer = await client.get("/v1/query/scatter.by_name?limit=3");
    assertProblem(answer, 503, "statement_unavailable");
    assert(/binary collation/.test(String(answer.body["detail"])), answer.text);
  });

  await t.step("a shard that hangs is left out where that is allowed", async () => {
    const [, lost] = shards;
    if (lost === undefined) throw new Error("the stack must have two shards");
    const servers = [lost.primary, ...lost.replicas];
    const there = ids(await post(client, "scatter.some", [1, 2, 3, 4, 5, 6, 7, 8]));
    for (const server of servers) server.kill("SIGSTOP");
    try {
      const deadline = { "realmgate-deadline-ms": "800" };
      const totals = await client.get("/v1/query/scatter.totals", deadline);
      assertEquals([totals.status, totals.body["missing"]], [200, ["s2"]], totals.text);
      assertEquals(totals.headers.get("realmgate-shard"), "s1");
      const params = { ids: [1, 2, 3, 4, 5, 6, 7, 8, 123456789] };
      const some = await client.post("/v1/query/scatter.present", { params }, deadline);
      assertEquals(some.body["missing"], ["s2"]);
      const present = ids(some);
      assert(present.length > 0 && present.length < there.length);
      assertEquals(present, there.filter((id) => present.includes(id)));
      const whole = await client.get("/v1/query/leaderboard.top?limit=3", deadline);
      assert([503, 504].includes(whole.status), whole.text);
    } finally {
      for (const server of servers) server.kill("SIGCONT");
    }
  });
});

function post(client: Client, statement: string, keys: readonly number[]): Promise<Answer> {
  return client.post(`/v1/query/${statement}`, { params: { ids: keys } });
}
