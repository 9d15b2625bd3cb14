import { assert, assertEquals } from "@std/assert";
import { once } from "node:events";
import { connect } from "node:net";
import { pause, systemClock } from "../../src/core/clock.ts";
import { Client } from "../support/client.ts";
import { eventually } from "../support/eventually.ts";
import { realmWith, testRealm } from "../support/realm.ts";

/** Sends a request and closes the connection when `until` has come. */
async function hangUp(
  client: Client,
  apiKey: string,
  options: {
    readonly path: string;
    readonly body: string;
    readonly until: () => Promise<unknown>;
  },
): Promise<void> {
  const { hostname, port } = new URL(client.url);
  const socket = connect(Number(port), hostname);
  const head = [
    `POST ${options.path} HTTP/1.1`,
    `Host: ${hostname}`,
    `Authorization: Bearer ${apiKey}`,
    "Content-Type: application/json",
    `Content-Length: ${options.body.length}`,
  ].join("\r\n");
  await once(socket, "connect");
  socket.write(`${head}\r\n\r\n${options.body}`);
  await options.until();
  socket.destroy();
}

Deno.test("Service offers locks over HTTP as the contract says", async (t) => {
  const folder = await realmWith("");
  await Deno.writeTextFile(
    `${folder}/realmgate.yaml`,
    '\nlocks:\n  - { prefix: "sql:", fence: sql }\n',
    { append: true },
  );
  await using realm = await testRealm({ realm: folder });
  const { apiKey } = realm.realm;
  const { service, client } = await realm.serve({ isolates: 2 });
  const lock = (name: string) => client.get(`/v1/locks/${name}`);

  await t.step("acquire, renew, inspect, release", async () => {
    const granted = await client.post("/v1/locks/raid:7", { ttlMs: 10_000, owner: "world-1" });
    assertEquals(granted.status, 201);
    const { name, token, fence, ttlMs, validForMs } = granted.body;
    assertEquals([name, ttlMs], ["raid:7", 10_000]);
    assert(/^[0-9a-f]{32}$/.test(String(token)) && /^\d+$/.test(String(fence)));
    assert(Number(validForMs) > 9_000 && Number(validForMs) < 10_000);

    const refused = await client.post("/v1/locks/raid:7", { ttlMs: 10_000 });
    assertEquals([refused.status, refused.body["code"]], [409, "lock_held"]);
    assertEquals([refused.body["owner"], refused.body["waiters"]], ["world-1", 0]);
    assert(Number(refused.body["remainingMs"]) > 9_000);

    const renewed = await client.put("/v1/locks/raid:7", { token, ttlMs: 20_000 });
    assertEquals([renewed.status, renewed.body["token"]], [200, token]);
    assertEquals([renewed.body["fence"], renewed.body["ttlMs"]], [fence, 20_000]);
    const bulk = await client.put("/v1/locks", {
      locks: [{ name, token, ttlMs: 20_000 }, { name: "raid:8", token, ttlMs: 20_000 }],
    });
    const results = bulk.body["results"] as { name: string; held: boolean; validForMs: number }[];
    assertEquals(results.map(({ name, held }) => [name, held]), [["raid:7", true], [
      "raid:8",
      false,
    ]]);
    assertEquals(results[1]?.validForMs, 0);

    const seen = await lock("raid:7");
    assertEquals([seen.body["held"], seen.body["owner"], seen.body["fence"]], [
      true,
      "world-1",
      fence,
    ]);
    const listed = await client.get("/v1/locks?prefix=raid:&limit=5");
    assertEquals((listed.body["locks"] as { name: string }[]).map(({ name }) => name), ["raid:7"]);

    const wrong = { "realmgate-lock-token": "0".repeat(32) };
    assertEquals((await client.delete("/v1/locks/raid:7", wrong)).body, { released: false });
    const right = { "realmgate-lock-token": String(token) };
    assertEquals((await client.delete("/v1/locks/raid:7", right)).body, { released: true });
    const lost = await client.put("/v1/locks/raid:7", { token, ttlMs: 20_000 });
    assertEquals([lost.status, lost.body["code"]], [410, "lock_lost"]);
  });

  await t.step("a release with its token in the body, and by force", async () => {
    const { body: { token } } = await client.post("/v1/locks/raid:9", { ttlMs: 10_000 });
    const released = await client.deleteWith("/v1/locks/raid:9", { token });
    assertEquals([released.status, released.body], [200, { released: true }]);
    await client.post("/v1/locks/raid:9", { ttlMs: 10_000 });
    assertEquals((await client.delete("/v1/locks/raid:9?force=true")).body, { released: true });
    assertEquals((await client.delete("/v1/locks/raid:9?force=true")).body, { released: false });
  });

  await t.step("a retry under the same key", async () => {
    const key = { "idempotency-key": "attempt-1" };
    const first = await client.post("/v1/locks/raid:10", { ttlMs: 10_000 }, key);
    const again = await client.post("/v1/locks/raid:10", { ttlMs: 10_000 }, key);
    assertEquals([again.status, again.body["token"]], [201, first.body["token"]]);
    assertEquals(again.body["fence"], first.body["fence"]);
    assertEquals(first.headers.get("idempotency-replayed"), null);
    assertEquals(again.headers.get("idempotency-replayed"), "true");
    const other = await client.post("/v1/locks/raid:10", { ttlMs: 20_000 }, key);
    assertEquals([other.status, other.body["code"]], [422, "idempotency_key_reused"]);
  });

  await t.step("what is wrong with a request is said, and nothing is locked", async () => {
    const params = async (path: string, body: unknown, headers = {}) => {
      const answer = await client.post(path, body, headers);
      assertEquals([answer.status, answer.body["code"]], [400, "invalid_request"], answer.text);
      return (answer.body["errors"] as { param: string }[]).map(({ param }) => param);
    };
    assertEquals(await params("/v1/locks/x", {}), ["ttlMs"]);
    assertEquals(await params("/v1/locks/x", { ttlMs: 99, waitMs: 60_001, owner: "" }), [
      "ttlMs",
      "waitMs",
      "owner",
    ]);
    assertEquals(await params("/v1/locks/x", { ttlMs: 5_000, owner: "\ud800" }), ["owner"]);
    assertEquals(await params("/v1/locks/x", { ttlMs: "5000", token: 1 }), ["token", "ttlMs"]);
    assertEquals(await params("/v1/locks/x", [1]), ["body", "ttlMs"]);
    assertEquals(await params("/v1/locks/a%20b", { ttlMs: 5_000 }), ["name"]);
    assertEquals(await params("/v1/locks/realmgate:x", { ttlMs: 5_000 }), ["name"]);
    assertEquals(
      await params("/v1/locks/x", { ttlMs: 5_000 }, { "idempotency-key": "a b" }),
      ["Idempotency-Key"],
    );
    const bulk = await client.put("/v1/locks", { locks: [{ name: "x", ttlMs: 1 }, 7] });
    assertEquals((bulk.body["errors"] as { param: string }[]).map(({ param }) => param), [
      "locks[0].token",
      "locks[0].ttlMs",
      "locks[1]",
      "locks[1].name",
      "locks[1].token",
      "locks[1].ttlMs",
    ]);
    for (const path of ["/v1/locks?limit=0", "/v1/locks?limit=5000", "/v1/locks?prefix=a%20b"]) {
      assertEquals((await client.get(path)).status, 400);
    }
    const token = { "realmgate-lock-token": "nonsense" };
    assertEquals((await client.delete("/v1/locks/x", token)).status, 400);
    assertEquals((await client.delete("/v1/locks/x?force=maybe")).status, 400);
    assertEquals((await new Client(service.url, "nobody").get("/v1/locks/x")).status, 401);
    assertEquals((await lock("x")).body["held"], false);
  });

  await t.step("a client that hangs up leaves the line, and leaves no grant behind", async () => {
    // The grant comes after its client has left, however busy the machine is: an answer that was sent
    // before the service heard of that cannot be told from one that arrived.
    const { redis } = realm.realm.stack;
    redis.kill("SIGSTOP");
    await hangUp(client, apiKey, {
      path: "/v1/locks/gone:1",
      body: '{"ttlMs":60000}',
      until: () => pause(systemClock, 100),
    });
    await pause(systemClock, 300);
    redis.kill("SIGCONT");
    await eventually(async () => (await lock("gone:1")).body["fence"] !== null);
    await eventually(async () => (await lock("gone:1")).body["held"] === false);

    const { body: { token } } = await client.post("/v1/locks/gone:2", { ttlMs: 60_000 });
    const waiting = async (count: number) => (await lock("gone:2")).body["waiters"] === count;
    await hangUp(client, apiKey, {
      path: "/v1/locks/gone:2",
      body: '{"ttlMs":60000,"waitMs":60000}',
      until: () => eventually(() => waiting(1)),
    });
    await eventually(() => waiting(0));
    await client.delete("/v1/locks/gone:2", { "realmgate-lock-token": String(token) });
    assertEquals((await lock("gone:2")).body["held"], false);
  });

  await t.step(
    "fences that a database counts grow though Redis forgets, and fence writes",
    async () => {
      const held = await client.post("/v1/locks/sql:raid", { ttlMs: 60_000 });
      const old = String(held.body["fence"]);
      assertEquals((await lock("sql:raid")).body["fence"], old);
      const write = (fence: string) =>
        client.exec("player.add_gold", { playerId: "42", amount: "1" }, {
          "realmgate-fence": `sql:raid=${fence}`,
        });
      assertEquals((await write(old)).status, 200);
      const connection = await Deno.connect({
        hostname: realm.realm.stack.redis.host,
        port: realm.realm.stack.redis.port,
      });
      await connection.write(new TextEncoder().encode("FLUSHALL\r\n"));
      await connection.read(new Uint8Array(16));
      connection.close();
      const next = await client.post("/v1/locks/sql:raid", { ttlMs: 60_000 });
      const newer = String(next.body["fence"]);
      assert(BigInt(newer) > BigInt(old));
      assertEquals((await write(newer)).status, 200);
      const stale = await write(old);
      assertEquals([stale.status, stale.body["code"]], [412, "stale_fence"]);
    },
  );

  await t.step("a stop ends every wait", async () => {
    await client.post("/v1/locks/stop", { ttlMs: 60_000 });
    const waiting = client.post("/v1/locks/stop", { ttlMs: 60_000, waitMs: 60_000 });
    await eventually(async () => (await lock("stop")).body["waiters"] === 1);
    const stopped = service.stop();
    const { status, body } = await waiting;
    assertEquals([status, body["code"], body["retry"]], [503, "shutting_down", "later"]);
    await stopped;
  });
});
