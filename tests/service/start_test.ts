import { assertEquals } from "@std/assert";
import { systemClock } from "../../src/core/clock.ts";
import { ScopeWatch } from "../../src/core/scope.ts";
import { Mysql2Driver } from "../../src/drivers/mysql2_driver.ts";
import { Client } from "../support/client.ts";
import { eventually } from "../support/eventually.ts";
import { testRealm } from "../support/realm.ts";

/** Enough that each of two isolates answers some. */
const CONNECTIONS = 12;

Deno.test("Service is ready once the servers were asked about its statements", async (t) => {
  await using realm = await testRealm();
  const { stack: { shards }, apiKey } = realm.realm;

  await t.step("each isolate knows what they said", async () => {
    const { service } = await realm.serve({ isolates: 2 });
    for (let n = 0; n < CONNECTIONS; n++) {
      using connection = Deno.createHttpClient({});
      const client = new Client(service.url, apiKey, { connection });
      const { body } = await client.get("/v1/statements/player.get");
      assertEquals(Array.isArray(body["columns"]), true);
    }
    // And each writes its own lines.
    const said = (isolate: string) =>
      service.logs.some((line) => line.includes(`"args":{"isolate":"${isolate}"`));
    await eventually(() => said("isolate-1") && said("isolate-2"));
  });

  await t.step("a server that does not answer holds it up for some seconds only", async () => {
    const server = shards[0]?.primary;
    if (server === undefined) throw new Error("a shard must be there");
    const watch = new ScopeWatch({ clock: systemClock });
    await using cleanUp = new AsyncDisposableStack();
    cleanUp.defer(() => watch.close());
    const session = await new Mysql2Driver().connect(server, watch.open({ timeoutMs: 60_000 }));
    cleanUp.defer(() => session.end());
    await session.query("LOCK TABLES players WRITE");
    const { client } = await realm.serve();
    const columns = async () => (await client.get("/v1/statements/player.get")).body["columns"];
    assertEquals(await columns(), null);
    await session.query("UNLOCK TABLES");
    await eventually(columns);
  });
});
