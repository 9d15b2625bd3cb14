import { assert, assertEquals } from "@std/assert";
import type { Client } from "../support/client.ts";
import { eventually } from "../support/eventually.ts";
import { isolateClients } from "../support/isolate_clients.ts";
import { type ExportedSpan, OtlpCollector } from "../support/otlp_collector.ts";
import { realmWith, testRealm } from "../support/realm.ts";

const STATEMENTS = `
-- name: test.read :one
-- @shard :playerId
-- @param playerId bigint
-- @param secret string
SELECT id, :secret AS secret FROM players WHERE id = :playerId;

-- name: test.batched :one
-- @shard :playerId
-- @param playerId bigint
-- @batch id = :playerId
SELECT id, SLEEP(0.01) AS slept FROM players WHERE id = :playerId;

-- name: test.slow :one
-- @shard :playerId
-- @param playerId bigint
-- @cache players tags=player:{playerId}
SELECT id, SLEEP(0.3) AS slept FROM players WHERE id = :playerId;

-- name: test.create :exec
-- @shard :playerId
-- @param playerId bigint
-- @param name string
INSERT INTO players (id, name) VALUES (:playerId, :name);
`;

const CLIENT_KIND = 3;
const ERROR = 2;
/** Nothing else in a span looks like it. */
const SECRET = "zaphod";

function newTrace(): { readonly traceId: string; readonly headers: Record<string, string> } {
  const traceId = crypto.randomUUID().replaceAll("-", "");
  return { traceId, headers: { traceparent: `00-${traceId}-b7ad6b7169203331-01` } };
}

/** A trace's spans, once all of these are among them. */
function whole(collector: OtlpCollector, traceId: string, names: readonly string[]) {
  return eventually(() => {
    const spans = collector.trace(traceId);
    return names.every((name) => spans.some((span) => span.name === name)) ? spans : undefined;
  }, { what: `spans ${names} of ${traceId}` });
}

function named(spans: readonly ExportedSpan[], name: string): ExportedSpan {
  const found = spans.filter((span) => span.name === name);
  assertEquals(found.length, 1, `one span ${name} in ${Deno.inspect(spans)}`);
  return found[0] as ExportedSpan;
}

/** Neither values of calls nor SQL are in them. */
function assertSilent(spans: readonly ExportedSpan[]): void {
  const text = JSON.stringify(spans);
  assert(!text.includes(SECRET), text);
  assert(!/SELECT .*FROM|INSERT INTO|WHERE/.test(text), text);
}

Deno.test("Service traces requests where Deno exports traces", async (t) => {
  const folder = await realmWith(STATEMENTS);
  await using collector = new OtlpCollector();
  await using realm = await testRealm({ realm: folder });
  const { client } = await realm.serve({ env: collector.environment, isolates: 1 });
  const { redis, database, shards } = realm.realm.stack;
  const ports = shards.flatMap(({ primary, replicas }) => [primary, ...replicas])
    .map(({ port }) => port);
  const post = (client: Client, statement: string, params: unknown, headers = {}) =>
    client.post(`/v1/query/${statement}`, { params }, headers);

  await t.step("a read is a request, a wait for the pool and a query", async () => {
    const { traceId, headers } = newTrace();
    const params = { playerId: "1", secret: SECRET };
    const answer = await post(client, "test.read", params, headers);
    assertEquals(answer.status, 200);
    const route = "/v1/query/{statement}";
    const spans = await whole(collector, traceId, [`POST ${route}`, "pool wait", "test.read"]);
    assertEquals(spans.length, 3);
    const request = named(spans, `POST ${route}`);
    const wait = named(spans, "pool wait");
    const query = named(spans, "test.read");
    assertEquals(request.parentSpanId, "b7ad6b7169203331");
    assertEquals([wait.parentSpanId, query.parentSpanId], [request.spanId, request.spanId]);
    assertEquals(request.attributes["http.route"], route);
    assertEquals(request.attributes["realmgate.statement"], "test.read");
    assertEquals(request.attributes["realmgate.source"], answer.headers.get("realmgate-source"));
    const shard = answer.headers.get("realmgate-shard");
    const { "server.port": port, "realmgate.node": node, ...rest } = query.attributes;
    assert(ports.includes(port as number));
    assertEquals(wait.attributes["db.client.connection.pool.name"], node);
    assertEquals(rest, {
      "db.system.name": "mariadb",
      "db.namespace": database,
      "db.operation.name": "SELECT",
      "db.query.summary": "test.read",
      "server.address": "127.0.0.1",
      "realmgate.shard": shard,
      "realmgate.statement": "test.read",
    });
    assertEquals([query.kind, query.status], [CLIENT_KIND, 0]);
    assertSilent(spans);
  });

  await t.step("no span of Realmgate's own shows what a GET has in its address", async () => {
    const { traceId, headers } = newTrace();
    const path = `/v1/query/test.read?playerId=1&secret=${SECRET}`;
    assertEquals((await client.get(path, headers)).status, 200);
    const spans = await whole(collector, traceId, ["pool wait", "test.read"]);
    assertSilent(spans.filter(({ scope }) => scope === "realmgate"));
  });

  await t.step("a write with tags tells Redis before and after it", async () => {
    const { traceId, headers } = newTrace();
    const params = { playerId: 1, amount: 5 };
    assertEquals((await client.exec("player.add_gold", params, headers)).status, 200);
    const spans = await eventually(() => {
      const spans = collector.trace(traceId);
      return spans.filter(({ name }) => name === "cache.record").length === 2 &&
          spans.some(({ scope }) => scope === "deno")
        ? spans
        : undefined;
    });
    const request = named(spans, "POST /v1/exec/{statement}");
    const query = named(spans, "player.add_gold");
    assertEquals(query.attributes["db.operation.name"], "UPDATE");
    for (const record of spans.filter(({ name }) => name === "cache.record")) {
      assertEquals([record.kind, record.parentSpanId], [CLIENT_KIND, request.spanId]);
      assertEquals(record.attributes, {
        "db.system.name": "redis",
        "db.namespace": "0",
        "db.operation.name": "EVALSHA",
        "db.query.summary": "cache.record",
        "server.address": "127.0.0.1",
        "server.port": redis.port,
      });
    }
  });

  await t.step("a write under a fence shows its transaction", async () => {
    const { traceId, headers } = newTrace();
    const fence = { ...headers, "realmgate-fence": "raid:7=7" };
    const params = { playerId: 1, amount: 5 };
    assertEquals((await client.exec("player.add_gold", params, fence)).status, 200);
    const steps = ["START TRANSACTION", "fence", "player.add_gold", "COMMIT"];
    const spans = await whole(collector, traceId, [...steps, "POST /v1/exec/{statement}"]);
    for (const name of steps) {
      assertEquals(named(spans, name).attributes["realmgate.statement"], "player.add_gold");
    }
  });

  await t.step(
    "a statement that the server refuses is an error of its own span alone",
    async () => {
      const { traceId, headers } = newTrace();
      const params = { playerId: 1, name: SECRET };
      assertEquals((await client.exec("test.create", params, headers)).status, 409);
      const spans = await whole(collector, traceId, ["test.create", "POST /v1/exec/{statement}"]);
      const query = named(spans, "test.create");
      assertEquals(query.status, ERROR);
      assertEquals(query.attributes["error.type"], "constraint_violation");
      assertEquals(query.attributes["db.response.status_code"], "1062");
      const request = named(spans, "POST /v1/exec/{statement}");
      assertEquals(request.attributes["realmgate.code"], "constraint_violation");
      assertEquals(request.status, 0);
      assertSilent(spans);
    },
  );

  await t.step("a batch is of the first caller's trace, with links both ways", async () => {
    const batch = await eventually(async () => {
      const traces = Array.from({ length: 24 }, newTrace);
      const calls = traces.map(({ headers }, at) =>
        client.get(`/v1/query/test.batched?playerId=${at + 1}`, headers)
      );
      for (const { status } of await Promise.all(calls)) assertEquals(status, 200);
      return collector.spans.find(({ name, attributes }) =>
        name === "test.batched" && Number(attributes["realmgate.batch.size"]) > 1
      );
    });
    const callers = Number(batch.attributes["realmgate.batch.size"]);
    assertEquals(batch.links.length, callers - 1);
    for (const { traceId, spanId } of batch.links) {
      assert(traceId !== batch.traceId);
      const other = await eventually(() => collector.spans.find((span) => span.spanId === spanId));
      assertEquals(other.name, "GET /v1/query/{statement}");
      assert(other.links.some((link) => link.spanId === batch.spanId));
    }
    const first = await eventually(() =>
      collector.spans.find(({ spanId }) => spanId === batch.parentSpanId)
    );
    assertEquals(first.name, "GET /v1/query/{statement}");
  });

  await t.step("who joins a load has a link to its trace; a hit has no query", async () => {
    const [one, two, three] = [newTrace(), newTrace(), newTrace()];
    const get = ({ headers }: { headers: Record<string, string> }) =>
      client.get("/v1/query/test.slow?playerId=7", headers);
    await Promise.all([get(one), get(two)]);
    assertEquals((await get(three)).headers.get("realmgate-source"), "cache");
    const requests = await Promise.all([one, two, three].map(async ({ traceId }) => {
      const spans = await whole(collector, traceId, ["GET /v1/query/{statement}"]);
      return named(spans, "GET /v1/query/{statement}");
    }));
    const query = await eventually(() => collector.spans.find(({ name }) => name === "test.slow"));
    const loader = requests.find(({ traceId }) => traceId === query.traceId);
    const joined = requests.slice(0, 2).find(({ traceId }) => traceId !== query.traceId);
    assertEquals(joined?.links.map(({ traceId }) => traceId), [loader?.traceId]);
    assertEquals(requests[2]?.attributes["realmgate.source"], "cache");
    assertEquals(collector.trace(three.traceId).length, 1);
  });

  await t.step("a lock's commands are spans of its request", async () => {
    const { traceId, headers } = newTrace();
    const answer = await client.post(`/v1/locks/${SECRET}`, { ttlMs: 5_000 }, headers);
    assertEquals(answer.status, 201);
    const spans = await whole(collector, traceId, ["POST /v1/locks/{name}", "lock.acquire"]);
    const request = named(spans, "POST /v1/locks/{name}");
    const acquire = named(spans, "lock.acquire");
    assertEquals([acquire.kind, acquire.parentSpanId], [CLIENT_KIND, request.spanId]);
    assertSilent([acquire]);
  });

  await t.step("a call of every shard has a query on each", async () => {
    const { traceId, headers } = newTrace();
    assertEquals((await client.get("/v1/query/leaderboard.top", headers)).status, 200);
    const spans = await whole(collector, traceId, ["GET /v1/query/{statement}"]);
    const queries = await eventually(() => {
      const found = collector.trace(traceId).filter(({ name }) => name === "leaderboard.top");
      return found.length === 2 ? found : undefined;
    });
    const request = named(spans, "GET /v1/query/{statement}");
    for (const { parentSpanId } of queries) assertEquals(parentSpanId, request.spanId);
    assertEquals(queries.map(({ attributes }) => attributes["realmgate.shard"]).sort(), [
      "s1",
      "s2",
    ]);
  });

  await t.step("calls of a batch request are of its trace", async () => {
    const { traceId, headers } = newTrace();
    const calls = ["one", "two"].map((name) => ({ statement: "player.create", params: { name } }));
    assertEquals((await client.post("/v1/batch", { calls }, headers)).status, 200);
    const spans = await eventually(() => {
      const spans = collector.trace(traceId);
      return spans.some(({ name }) => name === "POST /v1/batch") &&
          spans.filter(({ name }) => name === "player.create").length === 2
        ? spans
        : undefined;
    });
    assert(spans.some(({ name }) => name === "id.take"), "ids come from Redis");
  });

  await t.step("an entry that a client puts shows its script and no key", async () => {
    const { traceId, headers } = newTrace();
    const path = `/v1/caches/matches/entries/${SECRET}`;
    const put = { value: SECRET, tags: [SECRET] };
    assertEquals((await client.put(path, put, headers)).status, 200);
    const route = "PUT /v1/caches/{cache}/entries/{key}";
    const spans = await whole(collector, traceId, [route, "cache.put"]);
    assertEquals(named(spans, "cache.put").parentSpanId, named(spans, route).spanId);
    assertSilent([named(spans, "cache.put")]);
  });

  await t.step("a name of no statement is no attribute", async () => {
    const { traceId, headers } = newTrace();
    assertEquals((await post(client, SECRET, {}, headers)).status, 404);
    const [request] = await whole(collector, traceId, ["POST /v1/query/{statement}"]);
    assertEquals(request?.attributes["realmgate.code"], "unknown_statement");
    assertEquals(request?.attributes["realmgate.statement"], undefined);
    assertEquals(request?.status, 0);
  });

  await t.step("what a client does not sample is not traced", async () => {
    const { traceId } = newTrace();
    const headers = { traceparent: `00-${traceId}-b7ad6b7169203331-00` };
    assertEquals(
      (await post(client, "test.read", { playerId: 1, secret: "" }, headers)).status,
      200,
    );
    const later = newTrace();
    await post(client, "test.read", { playerId: 1, secret: "" }, later.headers);
    await whole(collector, later.traceId, ["test.read"]);
    assertEquals(collector.trace(traceId), []);
  });
});

Deno.test("Service exports the spans of every isolate, and those of its end", async () => {
  await using collector = new OtlpCollector();
  await using realm = await testRealm();
  const env = { ...collector.environment, OTEL_BSP_SCHEDULE_DELAY: "3600000" };
  const { service } = await realm.serve({ env, isolates: 2 });
  const { apiKey } = realm.realm;
  using isolates = await isolateClients(service.url, { apiKey, isolates: 2, cache: "matches" });
  const traces = isolates.clients.map((client) => ({ client, ...newTrace() }));
  for (const { client, headers } of traces) {
    const { status } = await client.get("/v1/query/player.get?playerId=1", headers);
    assertEquals(status, 200);
  }
  assertEquals(await service.stop(), 0);
  const queried = traces.filter(({ traceId }) =>
    collector.trace(traceId).some(({ name }) => name === "player.get")
  );
  assertEquals(queried.length, traces.length);
});

Deno.test("Service loads nothing of OpenTelemetry, and exports nothing, where Deno does not", async () => {
  await using collector = new OtlpCollector();
  await using realm = await testRealm();
  /** Whether a process, whose Deno says what it loads, has loaded the API. */
  const loads = async (env: Record<string, string>) => {
    let loaded = false;
    const { client, service } = await realm.serve({
      env: { ...env, DENO_LOG: "debug" },
      isolates: 1,
      onLine: (line) => loaded ||= /@opentelemetry\/api\/1\./.test(line),
    });
    const path = "/v1/query/player.get?playerId=1";
    assertEquals((await client.get(path, newTrace().headers)).status, 200);
    assertEquals(await service.stop(), 0);
    return loaded;
  };
  const { OTEL_DENO: _, ...without } = collector.environment;
  assertEquals(await loads(without), false);
  assertEquals(collector.spans, []);
  assertEquals(await loads(collector.environment), true);
  assert(collector.spans.length > 0);
});
