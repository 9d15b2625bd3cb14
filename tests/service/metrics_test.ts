import { assert, assertEquals, assertMatch } from "@std/assert";
import { createHash } from "node:crypto";
import { assertValid, histogramsOf, linesOf, valueOf } from "../http/metrics/exposition.ts";
import { Client } from "../support/client.ts";
import { eventually } from "../support/eventually.ts";
import { isolateClients } from "../support/isolate_clients.ts";
import { assertProblem } from "../support/problem.ts";
import { realmWith, testRealm } from "../support/realm.ts";

const WRITER = "writer-key";

/** Reads without a cache, so that each is a query, and a write that a key is there for already. */
const STATEMENTS = `
-- name: player.plain :one
-- @shard :playerId
-- @param playerId bigint
SELECT id, name FROM players WHERE id = :playerId;

-- name: player.twice :exec
-- @shard :playerId
-- @param playerId bigint
INSERT INTO players (id, name) VALUES (:playerId, 'Twice');
`;

/** The example realm with these statements, and a key that may not read. */
async function metricsRealm(): Promise<string> {
  const folder = await realmWith(STATEMENTS);
  const file = `${folder}/realmgate.yaml`;
  const text = await Deno.readTextFile(file);
  const sha256 = createHash("sha256").update(WRITER).digest("hex");
  const key = `  - { name: w, sha256: ${sha256}, scopes: [write] }\n`;
  await Deno.writeTextFile(
    file,
    text.replace("apiKeys:\n", `metrics: { open: "\${METRICS_OPEN:-false}" }\napiKeys:\n${key}`),
  );
  return folder;
}

Deno.test("Service tells Prometheus what all of its isolates did", async (t) => {
  const folder = await metricsRealm();
  await using realm = await testRealm({ realm: folder });
  const { apiKey } = realm.realm;
  const { service, client } = await realm.serve({ isolates: 2 });
  using isolates = await isolateClients(service.url, { apiKey, isolates: 2, cache: "matches" });
  const [one, two] = isolates.clients as [Client, Client];
  const scrape = async (by = client) => (await by.get("/metrics")).text;
  /** The sum of a family over all other labels. */
  const total = (text: string, name: string, labels: Record<string, string> = {}) =>
    linesOf(text).filter((line) =>
      line.name === name &&
      Object.entries(labels).every(([label, said]) => line.labels[label] === said)
    ).reduce((sum, { value }) => sum + value, 0);

  await t.step("who may not read is refused, and the answer is in the text format", async () => {
    assertProblem(await new Client(service.url, WRITER).get("/metrics"), 403, "forbidden");
    assertProblem(await new Client(service.url, "nobody").get("/metrics"), 401, "unauthenticated");
    const answer = await client.get("/metrics", { "x-request-id": "scrape-7" });
    assertEquals([answer.status, answer.headers.get("x-request-id")], [200, "scrape-7"]);
    assertMatch(answer.headers.get("content-type") ?? "", /^text\/plain; version=0\.0\.4/);
    assertValid(answer.text);
    assertEquals(valueOf(answer.text, "realmgate_isolates"), 2);
    assertEquals(valueOf(answer.text, "realmgate_redis_up"), 1);
    const isolatesOf = linesOf(answer.text).filter(({ name }) =>
      name === "realmgate_isolate_heap_bytes"
    ).map(({ labels }) => labels["isolate"]);
    assertEquals(isolatesOf, ["isolate-1", "isolate-2"]);
  });

  await t.step("calls are those that were sent, of both isolates, whichever answers", async () => {
    const ids = Array.from({ length: 20 }, (_, n) => n + 1);
    for (const id of ids) {
      for (const by of id % 4 === 0 ? [one] : [one, two]) {
        assertEquals((await by.get(`/v1/query/player.plain?playerId=${id}`)).status, 200);
      }
    }
    for (const by of [one, one, two]) {
      assertProblem(await by.exec("player.twice", { playerId: "1" }), 409, "constraint_violation");
    }
    for (const by of [one, two]) {
      const text = await scrape(by);
      assertValid(text);
      const reads = { statement: "player.plain", kind: "read" };
      assertEquals(total(text, "realmgate_calls_total", reads), 35);
      assertEquals(total(text, "realmgate_call_rows_total", reads), 35);
      assertEquals(total(text, "realmgate_queries_total", reads), 35);
      assert(total(text, "realmgate_query_seconds_total", reads) > 0);
      const writes = { statement: "player.twice", kind: "write" };
      assertEquals(total(text, "realmgate_calls_total", writes), 3);
      const refused = { ...writes, code: "constraint_violation" };
      assertEquals(total(text, "realmgate_call_errors_total", refused), 3);
      const histograms = histogramsOf(text, "realmgate_call_duration_seconds")
        .filter(({ labels }) => labels["statement"] === "player.plain");
      assertEquals(histograms.map(({ labels }) => labels["shard"]).toSorted(), ["s1", "s2"]);
      assertEquals(histograms.reduce((sum, { count }) => sum + count, 0), 35);
      for (const { sum, count } of histograms) assert(sum > 0 && sum / count < 30, `${sum} s`);
      assert(total(text, "realmgate_pool_lent_total") >= 38, "each query borrowed a connection");
    }
  });

  await t.step("hits are counted by the cache and by the statement", async () => {
    await eventually(async () => total(await scrape(), "realmgate_coherence_lease_held") === 2);
    const before = await scrape();
    for (const by of [one, two]) {
      for (let n = 0; n < 3; n++) await by.get("/v1/query/player.get?playerId=7");
    }
    const after = await scrape();
    const grown = (name: string, labels: Record<string, string>) =>
      total(after, name, labels) - total(before, name, labels);
    assertEquals(grown("realmgate_calls_total", { statement: "player.get" }), 6);
    assertEquals(grown("realmgate_calls_cached_total", { statement: "player.get" }), 4);
    assertEquals(grown("realmgate_cache_hits_total", { cache: "players" }), 4);
    assertEquals(grown("realmgate_cache_loads_total", { cache: "players" }), 2);
  });

  await t.step("what nobody declared makes no series", async () => {
    const before = new Set(linesOf(await scrape()).map(({ labels }) => labels["statement"]));
    for (const name of ["no.such", "x".repeat(90), "player.plain%22"]) {
      assertEquals((await one.get(`/v1/query/${name}?playerId=1`)).status, 404);
    }
    const after = new Set(linesOf(await scrape()).map(({ labels }) => labels["statement"]));
    assertEquals(after, before);
  });

  await t.step("the databases have their roles", async () => {
    const text = await eventually(async () => {
      const text = await scrape();
      const asked = ["s1", "s2"].every((shard) =>
        total(text, "realmgate_node_replication_applying", { shard }) === 1
      );
      return asked && text.includes("\nrealmgate_node_threads_running{") ? text : "";
    }, { withinMs: 20_000, what: "the servers to be asked in depth" });
    assertValid(text);
    for (const shard of ["s1", "s2"]) {
      assertEquals(valueOf(text, "realmgate_shard_status", { shard, status: "ok" }), 1);
      assertEquals(total(text, "realmgate_node_role", { shard, role: "primary" }), 1);
      assertEquals(total(text, "realmgate_node_role", { shard, role: "replica" }), 1);
      assertEquals(total(text, "realmgate_node_up", { shard }), 2);
    }
  });

  await t.step("no counter goes back when statements are loaded anew", async () => {
    const counters = (text: string) =>
      linesOf(text).filter(({ name }) => /_(total|bucket|sum|count)$/.test(name));
    const before = await scrape();
    const file = `${folder}/statements/test.sql`;
    await Deno.writeTextFile(file, STATEMENTS.replace("SELECT id, name", "SELECT id, name, level"));
    service.kill("SIGHUP");
    await eventually(async () => {
      const { body } = await one.get("/v1/query/player.plain?playerId=1");
      return Object.keys(body["data"] as object).includes("level");
    });
    const after = await scrape(two);
    assertValid(after);
    for (const { name, labels, value } of counters(before)) {
      assert(valueOf(after, name, labels) >= value, `${name} ${JSON.stringify(labels)} went back`);
    }
    assert(
      total(after, "realmgate_calls_total", { statement: "player.plain" }) >
        total(before, "realmgate_calls_total", { statement: "player.plain" }),
    );
  });
});

Deno.test("Service tells Prometheus without a key where its metrics are open", async () => {
  const folder = await metricsRealm();
  await using realm = await testRealm({ realm: folder });
  const { service } = await realm.serve({ isolates: 1, env: { METRICS_OPEN: "true" } });
  const answer = await fetch(`${service.url}/metrics`);
  assertEquals(answer.status, 200);
  assertValid(await answer.text());
});
