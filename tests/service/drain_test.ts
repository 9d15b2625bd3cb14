import { assertEquals, assertGreaterOrEqual } from "@std/assert";
import { eventually } from "../support/eventually.ts";
import { keepAliveLoad } from "../support/keep_alive_load.ts";
import { testRealm } from "../support/realm.ts";

Deno.test("Service loses no request of 64 kept-alive connections on SIGTERM, three times", async () => {
  await using realm = await testRealm();
  for (let round = 0; round < 3; round++) {
    const { service } = await realm.serve();
    const load = keepAliveLoad({ hostname: "127.0.0.1", port: service.port }, {
      connections: 64,
      request: (n) =>
        `GET /v1/query/player.get?playerId=${1 + n % 10_000} HTTP/1.1\r\nHost: localhost\r\n` +
        `Authorization: Bearer ${realm.realm.apiKey}\r\n\r\n`,
    });
    await eventually(() => load.answered() > 2_000);
    const began = performance.now();
    service.kill("SIGTERM");
    const code = await service.exited;
    const took = performance.now() - began;
    const { answered, failures } = await load.stop();
    assertEquals(failures, []);
    assertEquals(code, 0);
    assertGreaterOrEqual(answered, 2_000);
    assertEquals(took < 25_000, true, `took ${took} ms`);
  }
});

Deno.test("Service fails readyz first, finishes what is in flight, and closes its connections", async () => {
  await using realm = await testRealm();
  const { service, client } = await realm.serve();
  const node = realm.realm.stack.shards[0]?.primary;
  const connections = async () => {
    const rows = await node?.sql(
      "SELECT COUNT(*) AS n FROM information_schema.processlist WHERE user = 'realmgate'",
    );
    return Number(Object.values(rows?.[0] ?? {})[0]);
  };
  await client.get("/v1/query/player.get?playerId=1");
  assertEquals(await connections() > 0, true);
  service.kill("SIGTERM");
  const ready = await eventually(async () => {
    const answer = await client.get("/readyz");
    return answer.status === 503 ? answer : undefined;
  });
  assertEquals((ready.body["checks"] as Record<string, unknown>)["phase"], "stopping");
  assertEquals(ready.headers.get("connection"), "close");
  assertEquals(await service.exited, 0);
  await eventually(async () => await connections() === 0);
});
