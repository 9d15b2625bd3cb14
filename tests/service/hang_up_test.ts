import { assertEquals } from "@std/assert";
import { eventually } from "../support/eventually.ts";
import { realmWith, testRealm } from "../support/realm.ts";

const STATEMENTS = `
-- name: test.sleep :one
-- @shard s1
-- @param seconds double min=0 max=30
-- @timeout 30s
-- @read primary
SELECT SLEEP(:seconds) AS slept;

-- name: test.answer :one
-- @shard s1
-- @param n int
-- @read primary
SELECT :n AS n, CONNECTION_ID() AS connection;
`;

Deno.test("Service stops the statement of a client that hung up, and its connection stays good", async () => {
  const folder = await realmWith(STATEMENTS);
  await using realm = await testRealm({ realm: folder });
  const { client } = await realm.serve({ isolates: 1, env: { REALMGATE_POOL_MAX: "2" } });
  const primary = realm.realm.stack.shards[0]?.primary;
  const sleeping = async () => {
    const rows = await primary?.sql(
      "SELECT COUNT(*) AS n FROM information_schema.processlist WHERE info LIKE 'SELECT SLEEP%'",
    );
    return Number(Object.values(rows?.[0] ?? {})[0]);
  };

  const hangUp = new AbortController();
  const slow = fetch(`${client.url}/v1/query/test.sleep?seconds=30`, {
    headers: { authorization: `Bearer ${realm.realm.apiKey}` },
    signal: hangUp.signal,
  }).catch(() => "hung up");
  await eventually(async () => await sleeping() === 1);
  hangUp.abort();
  assertEquals(await slow, "hung up");
  await eventually(async () => await sleeping() === 0, {
    withinMs: 1_000,
    what: "the statement to leave the server's process list within 1 s",
  });

  // Each round hangs up in the middle of a statement and borrows at once: on the same two
  // connections, so that a KILL that came late would hit somebody.
  const connections = new Set<unknown>();
  for (let round = 0; round < 1_000; round++) {
    const abort = new AbortController();
    const cut = fetch(`${client.url}/v1/query/test.sleep?seconds=30`, {
      headers: { authorization: `Bearer ${realm.realm.apiKey}` },
      signal: abort.signal,
    }).catch(() => undefined);
    setTimeout(() => abort.abort(), 12 + round % 5);
    await cut;
    const answer = await client.get(`/v1/query/test.answer?n=${round}`);
    assertEquals(answer.status, 200, answer.text);
    const data = answer.body["data"] as Record<string, unknown>;
    assertEquals(String(data["n"]), String(round));
    connections.add(data["connection"]);
  }
  await eventually(async () => await sleeping() === 0);
  console.log(`1,000 hang-ups over ${connections.size} connections`);
});
