import { assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import { MAX_STREAMS } from "../../src/http/event_streams.ts";
import { Client } from "../support/client.ts";
import { eventually } from "../support/eventually.ts";
import { assertProblem } from "../support/problem.ts";
import { testRealm } from "../support/realm.ts";

Deno.test("the HTTP contract holds on a running service", async (t) => {
  await using realm = await testRealm();
  const { service, client } = await realm.serve();
  const nobody = new Client(service.url, "wrong");
  const bare = (path: string, init: RequestInit = {}) => fetch(`${service.url}${path}`, init);

  await t.step("a read answers its row, its shard and its source", async () => {
    const answer = await client.get("/v1/query/player.get?playerId=42");
    assertEquals(answer.status, 200);
    const data = answer.body["data"] as Record<string, unknown>;
    assertEquals([data["id"], data["gold"], data["version"]], ["42", "1000", 1]);
    assertEquals(answer.headers.get("content-type"), "application/json");
    assertEquals(answer.headers.get("cache-control"), "private, no-cache");
    // Of a cached statement the first reads of an isolate may go to the primary; see ReadFloors.
    const events = await client.get("/v1/query/event.list?playerId=42");
    assertEquals(events.headers.get("realmgate-source"), "replica");
    assertMatch(answer.headers.get("realmgate-shard") ?? "", /^s[12]$/);
    assertEquals(answer.headers.has("x-request-id"), false);
    assertEquals((await client.get("/v1/query/player.get?playerId=999999")).body, { data: null });
  });

  await t.step("POST reads the same as GET", async () => {
    const [get, post] = await Promise.all([
      client.get("/v1/query/player.get?playerId=7"),
      client.post("/v1/query/player.get", { params: { playerId: 7 } }),
    ]);
    assertEquals(get.body, post.body);
  });

  await t.step("a write answers what it changed, and a strong read sees it", async () => {
    const write = await client.exec("player.add_gold", { playerId: "42", amount: 5 });
    assertEquals(write.body, { affectedRows: 1, insertId: null });
    const read = await client.get("/v1/query/player.get?playerId=42", {
      "realmgate-consistency": "strong",
    });
    assertEquals((read.body["data"] as Record<string, unknown>)["gold"], "1005");
    assertEquals(read.headers.get("realmgate-source"), "primary");
  });

  await t.step("a batch answers in order, each call on its own", async () => {
    const { status, body } = await client.post("/v1/batch", {
      calls: [
        { statement: "player.get", params: { playerId: 1 } },
        { statement: "nobody.knows", params: {} },
        { statement: "player.get", params: { playerId: "x" } },
        { statement: "player.add_gold", params: { playerId: 1, amount: 1 } },
      ],
    });
    const results = body["results"] as { status: number; body: Record<string, unknown> }[];
    assertEquals(status, 200);
    assertEquals(results.map((result) => result.status), [200, 404, 400, 200]);
    assertEquals((results[0]?.body["data"] as Record<string, unknown>)["id"], "1");
    assertEquals(results[1]?.body["code"], "unknown_statement");
  });

  await t.step("request ids are echoed, and made up only for errors", async () => {
    const sent = { "x-request-id": "game-7/42" };
    const good = await client.get("/v1/query/player.get?playerId=1", sent);
    assertEquals(good.headers.get("x-request-id"), "game-7/42");
    const bad = await client.get("/v1/query/player.get?playerId=x", sent);
    assertEquals(bad.body["requestId"], "game-7/42");
  });

  await t.step("Server-Timing comes when it is asked for", async () => {
    const answer = await client.get("/v1/query/player.get?playerId=1", {
      "realmgate-timing": "1",
      "realmgate-consistency": "strong",
    });
    for (const phase of ["route", "db", "encode", "total"]) {
      assertMatch(answer.headers.get("server-timing") ?? "", new RegExp(`${phase};dur=[0-9.]+`));
    }
    assertEquals(
      (await client.get("/v1/query/player.get?playerId=1")).headers.has("server-timing"),
      false,
    );
  });

  await t.step("errors have their codes where no URL may have the Host", async () => {
    for (const host of ["realmgate.1", "[fe80::1%eth0]:80", "x:70000", "a b"]) {
      for (const path of ["/v1/query/player.get?playerId=1", "/v1/nothing"]) {
        const answer = await rawGet(service.url, { path, host });
        const [status, code] = path === "/v1/nothing"
          ? [404, "not_found"]
          : [401, "unauthenticated"];
        assertMatch(answer, new RegExp(`^HTTP/1.1 ${status} `));
        assertStringIncludes(answer, `"code":"${code}"`);
      }
    }
  });

  await t.step("errors have their codes", async () => {
    const get = (path: string, headers?: Record<string, string>) => client.get(path, headers);
    assertProblem(await get("/v1/query/player.get"), 400, "invalid_request");
    assertProblem(await get("/v1/query/player.get?playerId=42abc"), 400, "invalid_request");
    assertProblem(await get("/v1/query/player.get?playerId=1&x=2"), 400, "invalid_request");
    assertProblem(await get("/v1/query/nobody.knows?x=1"), 404, "unknown_statement");
    assertProblem(
      await get("/v1/query/player.add_gold?playerId=1&amount=1"),
      405,
      "wrong_statement_kind",
    );
    assertProblem(await client.exec("player.get", { playerId: 1 }), 405, "wrong_statement_kind");
    assertProblem(await get("/v1/nothing"), 404, "not_found");
    assertProblem(await nobody.get("/v1/query/player.get?playerId=1"), 401, "unauthenticated");
    assertProblem(await get("/v1/query/leaderboard.top?limit=101"), 400, "invalid_request");
    assertProblem(
      await client.exec("player.create", { playerId: 42, name: "again" }),
      409,
      "constraint_violation",
    );
    assertProblem(
      await client.post("/v1/batch", { calls: [] }),
      400,
      "invalid_request",
    );
    const errors = (await get("/v1/query/player.get?playerId=x")).body["errors"];
    assertEquals((errors as { param: string }[]).map(({ param }) => param), ["playerId"]);
  });

  await t.step("bodies are checked before anything runs", async () => {
    const post = async (body: BodyInit, headers: Record<string, string>) => {
      const response = await bare("/v1/exec/player.add_gold", {
        method: "POST",
        body,
        headers: { authorization: `Bearer ${realm.realm.apiKey}`, ...headers },
      });
      return [response.status, (await response.json())["code"]];
    };
    const json = { "content-type": "application/json" };
    assertEquals(await post("{", json), [400, "invalid_request"]);
    assertEquals(await post("[]", json), [400, "invalid_request"]);
    assertEquals(await post("{}", { "content-type": "text/plain" }), [
      415,
      "unsupported_media_type",
    ]);
    const faults = async (body: unknown) => (await client.post("/v1/batch", body)).body["errors"];
    assertEquals(await faults([]), [{
      param: "body",
      detail: 'must be an object like {"calls": [{"statement": "…", "params": {…}}]}',
    }]);
    assertEquals(await faults({ calls: [], more: 1 }), [
      { param: "body", detail: "must have no member beside calls" },
    ]);
    assertEquals(await post("x".repeat(1_100_000), json), [413, "payload_too_large"]);
    assertEquals(await post('{"params":{"playerId":1,"amount":{}}}', json), [
      400,
      "invalid_request",
    ]);
  });

  await t.step("what is not built yet is refused, never ignored", async () => {
    const keyed = { "idempotency-key": "k" };
    assertProblem(
      await client.exec("player.add_gold", { playerId: 1, amount: 1 }, keyed),
      400,
      "not_supported",
    );
    const call = { statement: "player.get", params: { playerId: 1 }, idempotencyKey: "x" };
    assertProblem(await client.post("/v1/batch", { calls: [call] }), 400, "not_supported");
    const keyedBody = { params: { playerId: 1, amount: 1 }, idempotencyKey: "x" };
    const refused = await client.post("/v1/exec/player.add_gold", keyedBody);
    assertProblem(refused, 400, "not_supported");
    assertEquals(
      refused.body["detail"],
      "Cannot run the call: idempotencyKey is not supported yet; leave it out",
    );
  });

  await t.step("a header that protects writes is refused where it is not documented", async () => {
    type Operations = Record<string, { readonly parameters?: unknown }>;
    const paths = (await client.get("/openapi.json")).body["paths"] as Record<string, Operations>;
    const code = async (path: string, options: { method: string; header: string; key: string }) => {
      const { method, header, key } = options;
      const headers = { authorization: `Bearer ${key}`, [header]: "raid=1" };
      const response = await bare(path, { method: method.toUpperCase(), headers });
      return (await response.json())["code"];
    };
    const key = realm.realm.apiKey;
    for (const [path, operations] of Object.entries(paths)) {
      if (!path.startsWith("/v1/")) continue;
      for (const method of ["get", "put", "post", "delete"]) {
        const operation = operations[method];
        for (const header of ["Idempotency-Key", "Realmgate-Fence"]) {
          if (operation === undefined) continue;
          if (JSON.stringify(operation.parameters ?? []).includes(header)) continue;
          const answer = await code(path.replaceAll(/{\w+}/g, "x"), { method, header, key });
          assertEquals(answer, "not_supported", `${method} ${path} with ${header}`);
        }
      }
    }
    const put = { method: "put", header: "Idempotency-Key" };
    assertEquals(await code("/v1/locks/x", { ...put, key: "wrong" }), "unauthenticated");
    assertEquals(await code("/v1/nothing", { ...put, key }), "not_found");
    assertEquals(await code("/v1/statements", { ...put, key }), "not_found");
  });

  await t.step("a deadline reaches the database", async () => {
    const { body, status } = await client.get("/v1/query/player.get?playerId=1", {
      "realmgate-deadline-ms": "5000",
    });
    assertEquals([status, (body["data"] as Record<string, unknown>)["id"]], [200, "1"]);
  });

  await t.step("the registry, a dry run and the topology can be looked at", async (t) => {
    const list = (await client.get("/v1/statements")).body["statements"] as Record<
      string,
      unknown
    >[];
    const names = list.map(({ name }) => name);
    for (
      const name of [
        "player.get",
        "player.create",
        "player.add_gold",
        "player.update_if_version",
        "inventory.list",
        "inventory.add_item",
        "inventory.add_items",
        "leaderboard.top",
        "guild.get",
        "event.append",
        "event.list",
      ]
    ) assertEquals(names.includes(name), true, `${name} is missing`);
    const one = (await client.get("/v1/statements/player.get")).body;
    assertStringIncludes(String(one["sql"]), "FROM players");
    await t.step("with its plan, once the databases told it", async () => {
      const { plan, plans, planChanges, warnings } = await eventually(async () => {
        const { body } = await client.get("/v1/statements/player.get");
        return body["plan"] === null ? undefined : body;
      });
      const { rows, filtered, ...seen } = plan as Record<string, unknown>;
      assertEquals([rows, filtered], [1, 100]);
      assertEquals(seen, {
        operation: "read",
        table: "players",
        access: "const",
        key: "PRIMARY",
        keyParts: ["id"],
        possibleKeys: ["PRIMARY"],
        children: [],
      });
      const [group, ...others] = plans as Record<string, unknown>[];
      assertEquals([group?.["shards"], group?.["summary"], group?.["plan"]], [
        ["s1", "s2"],
        "PRIMARY",
        plan,
      ]);
      assertEquals([others, planChanges, warnings], [[], [], []]);
    });
    const route = (await client.get("/v1/route/player.get?playerId=42")).body;
    const read = await client.get("/v1/query/player.get?playerId=42");
    assertEquals(route["shard"], read.headers.get("realmgate-shard"));
    const topology = (await client.get("/v1/topology")).body["shards"] as Record<string, unknown>[];
    assertEquals(topology.map(({ name, status, primary }) => [name, status, primary]), [
      ["s1", "ok", "s1a"],
      ["s2", "ok", "s2a"],
    ]);
  });

  await t.step("HEAD answers as GET does, and begins no stream of events", async () => {
    const authorization = `Bearer ${realm.realm.apiKey}`;
    const events = async (method: string) => {
      const response = await bare("/v1/events", { method, headers: { authorization } });
      await response.body?.cancel();
      const names = ["content-type", "cache-control", "x-accel-buffering"];
      return [response.status, ...names.map((name) => response.headers.get(name))];
    };
    const get = await events("GET");
    assertEquals(get.slice(0, 2), [200, "text/event-stream"]);
    for (let n = 0; n <= MAX_STREAMS; n++) assertEquals(await events("HEAD"), get);
  });

  await t.step("livez and readyz are open, the rest is not", async () => {
    for (const path of ["/livez", "/readyz"]) {
      const response = await bare(path);
      assertEquals(response.status, 200);
      assertEquals((await response.json())["status"], "ok");
    }
    for (const path of ["/v1/statements", "/v1/topology", "/v1/route/player.get"]) {
      const response = await bare(path);
      assertEquals(response.status, 401);
      await response.body?.cancel();
    }
  });
});

/** What a server answers to a GET without a key, under any Host. */
async function rawGet(
  url: string,
  { path, host }: { path: string; host: string },
): Promise<string> {
  const { hostname, port } = new URL(url);
  using connection = await Deno.connect({ hostname, port: Number(port) });
  const head = `GET ${path} HTTP/1.1\r\nHost: ${host}\r\nConnection: close\r\n\r\n`;
  await connection.write(new TextEncoder().encode(head));
  return await new Response(connection.readable).text();
}
