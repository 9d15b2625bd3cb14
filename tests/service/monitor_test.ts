import { assert, assertEquals } from "@std/assert";
import type { DBHealthStatus } from "../../src/monitor/db_health_status.ts";
import type { ProcessReport } from "../../src/monitor/fleet_view.ts";
import type { SlowSample, StatementMetrics } from "../../src/monitor/statement_metrics.ts";
import type { Answer, Client } from "../support/client.ts";
import { eventually } from "../support/eventually.ts";
import { isolateClients } from "../support/isolate_clients.ts";
import { realmWith, testRealm } from "../support/realm.ts";

const STATEMENTS = `-- name: test.sleep :one
-- @shard :playerId
-- @param playerId bigint
-- @param word string secret
-- @timeout 2s
SELECT id, SLEEP(0.15) AS slept, :word AS word FROM players WHERE id = :playerId;

-- name: test.one :one
-- @shard :playerId
-- @param playerId bigint
SELECT id, gold FROM players WHERE id = :playerId;
`;

async function monitor<T>(client: Client, path: string): Promise<T> {
  const answer = await client.get(`/v1/monitor/${path}`);
  assertEquals(answer.status, 200, answer.text);
  return answer.body as T;
}

interface Queries {
  readonly scope: string;
  readonly statements: readonly StatementMetrics[];
  readonly slow: readonly SlowSample[];
}

interface Health {
  readonly scope: string;
  readonly nodes: readonly DBHealthStatus[];
  readonly processes: readonly ProcessReport[];
}

function countsOf(queries: Queries, statement: string): StatementMetrics["since"][] {
  return queries.statements.filter((one) => one.statement === statement).map(({ since }) => since);
}

function total(counts: readonly StatementMetrics["since"][], of: "calls" | "cached" | "queries") {
  return counts.reduce((sum, one) => sum + one[of], 0);
}

Deno.test("Service sees itself and its fleet", async (t) => {
  const folder = await realmWith(STATEMENTS);
  await using realm = await testRealm({ realm: folder });
  const first = await realm.serve({ isolates: 2 });
  const second = await realm.serve({ isolates: 2 });
  const { apiKey } = realm.realm;
  using isolates = await isolateClients(first.service.url, {
    apiKey,
    isolates: 2,
    cache: "matches",
  });
  const { client } = first;

  await t.step("calls are counted once, whichever isolate of the fleet they went to", async () => {
    const called: Answer[] = [];
    for (let id = 1; id <= 60; id++) {
      for (const one of [...isolates.clients, second.client]) {
        called.push(await one.get(`/v1/query/test.one?playerId=${id}`));
      }
      called.push(await client.get(`/v1/query/player.get?playerId=${id % 5}`));
    }
    assert(called.every(({ status }) => status === 200));
    assertEquals((await client.get("/v1/query/test.one?playerId=x")).status, 400);
    const asked = 60 * (isolates.clients.length + 1) + 1;
    for (const one of [...isolates.clients, second.client]) {
      await eventually(async () => {
        const counts = countsOf(await monitor<Queries>(one, "queries"), "test.one");
        return total(counts, "calls") === asked && total(counts, "queries") === asked - 1 &&
          counts.some(({ errors }) => errors["invalid_request"] === 1);
      });
    }
    const queries = await monitor<Queries>(client, "queries");
    const cached = countsOf(queries, "player.get");
    assertEquals(total(cached, "calls"), 60);
    assertEquals(total(cached, "cached") + total(cached, "queries"), 60);
    assert(total(cached, "cached") > 0);
    const one = queries.statements.find(({ statement, shard }) =>
      statement === "test.one" && shard === "s1"
    );
    const { total: took, queue, execute, encode } = one?.latency ?? {};
    for (const phase of [took, queue, execute, encode]) assertEquals(phase?.count, took?.count);
    assert((took?.p50 ?? 0) > 0 && (took?.max ?? 0) >= (execute?.p50 ?? Infinity));
  });

  await t.step("a slow call is kept without what was given for its parameters", async () => {
    const params = { playerId: 7, word: "hush-hush" };
    assertEquals((await client.post("/v1/query/test.sleep", { params })).status, 200);
    const sample = await eventually(async () =>
      (await monitor<Queries>(second.client, "queries")).slow
        .find(({ statement }) => statement === "test.sleep")
    );
    assertEquals(sample.params, { playerId: "bigint", word: "string" });
    assert(sample.totalMs >= 150 && sample.executeMs >= 150, JSON.stringify(sample));
    assert(/^[0-9a-f]{8}$/.test(sample.plan ?? ""), `${sample.plan}`);
    assert(!JSON.stringify(sample).includes("hush"));
  });

  await t.step("every server says how it does", async () => {
    const health = await eventually(async () => {
      const health = await monitor<Health>(isolates.clients[1] ?? client, "health");
      return health.nodes.every(({ server }) => server !== null) ? health : undefined;
    }, { withinMs: 15_000 });
    assertEquals(health.nodes.map(({ node }) => node), ["s1a", "s1b", "s2a", "s2b"]);
    for (const { role, up, server, lagMs, connections, history, version } of health.nodes) {
      assert(up && lagMs !== null && lagMs < 5_000);
      assert(version?.includes("MariaDB"));
      assert(connections !== null && connections.used > 0);
      assert((server?.threadsRunning ?? 0) > 0);
      const rate = server?.bufferPoolHitRate ?? 1;
      assert(rate > 0 && rate <= 1, `${rate}`);
      const { receiving, applying, lagSeconds } = server?.replication ?? {};
      if (role === "primary") assertEquals(server?.replication, null);
      else assertEquals([receiving, applying, lagSeconds], [true, true, 0]);
      assert(history.length >= 1 && history.every((point) => point.up));
    }
  });

  await t.step("the pools of all isolates stand together", async () => {
    const { pools } = await monitor<{
      pools: readonly { node: string; max: number; idle: number; isolates: readonly unknown[] }[];
    }>(client, "pools");
    assertEquals(pools.map(({ node }) => node).sort(), ["s1a", "s1b", "s2a", "s2b"]);
    for (const { max, isolates } of pools) assertEquals([max, isolates.length], [4 * 8, 4]);
  });

  await t.step("a process that dies is silent, one that stops is gone", async () => {
    const third = await realm.serve({ isolates: 1 });
    const states = async () =>
      (await monitor<Health>(client, "health")).processes.map(({ pid, state }) => [pid, state]);
    await eventually(async () => (await states()).length === 3);
    second.service.kill("SIGKILL");
    await third.service.stop();
    await eventually(async () => {
      const known = new Map(await states() as [number, string][]);
      return known.size === 2 && known.get(second.service.pid) === "silent" &&
        known.get(first.service.pid) === "alive";
    }, { withinMs: 20_000 });
  });

  await t.step("without Redis it speaks for itself, in any isolate", async () => {
    const { redis } = realm.realm.stack;
    redis.kill("SIGSTOP");
    try {
      for (const one of isolates.clients) {
        const queries = await eventually(async () => {
          const queries = await monitor<Queries>(one, "queries");
          return queries.scope === "process" ? queries : undefined;
        }, { withinMs: 15_000 });
        assert(total(countsOf(queries, "test.one"), "calls") >= 60);
      }
    } finally {
      redis.kill("SIGCONT");
    }
    await eventually(async () => (await monitor<Health>(client, "health")).scope === "fleet");
  });

  await t.step("nobody looks without a key", async () => {
    for (const path of ["health", "queries", "pools", "alerts"]) {
      const response = await fetch(`${first.service.url}/v1/monitor/${path}`);
      assertEquals(response.status, 401);
      await response.body?.cancel();
    }
  });
});
