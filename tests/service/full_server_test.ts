import { assertEquals } from "@std/assert";
import { createConnection } from "mysql2/promise";
import { eventually } from "../support/eventually.ts";
import { testRealm } from "../support/realm.ts";

const ER_USER_LIMIT_REACHED = 1226;

Deno.test("Service asks a primary that takes no more connections again in pauses, and writes when it does", async () => {
  await using realm = await testRealm();
  const { client } = await realm.serve({ isolates: 1 });
  const { primary } = realm.realm.stack.shards[0] ?? {};
  if (primary === undefined) throw new Error("the stack must have a primary");
  const number = async (sql: string) => Number(Object.values((await primary.sql(sql))[0] ?? {})[0]);
  const playerId = await eventually(async () => {
    for (let id = 1; id < 50; id++) {
      const { body } = await client.get(`/v1/route/player.get?playerId=${id}`);
      if (body["shard"] === "s1") return id;
    }
  });
  const questions = () =>
    number(
      "SELECT variable_value FROM information_schema.global_status WHERE variable_name = 'Questions'",
    );
  const write = () =>
    client.exec("player.add_gold", { playerId, amount: 1 }, { "realmgate-deadline-ms": "2000" });
  // The sweeper has its connection once it has swept.
  await primary.sql("INSERT INTO realmgate_outbox (tags) VALUES ('[]')");
  await eventually(async () => await number("SELECT COUNT(*) FROM realmgate_outbox") === 0);
  // Connections from before do not count, so the nodes look well; the pool has none of them yet.
  await primary.sql("ALTER USER realmgate@'%' WITH MAX_USER_CONNECTIONS 1");
  const { user, password } = realm.realm.stack.service;
  const { host, port } = primary;
  const last = await createConnection({ host, port, user, password }).catch((error) => {
    // The service was first, to look at the server.
    assertEquals(error.errno, ER_USER_LIMIT_REACHED, String(error));
  });
  const before = await questions();
  const refused = await Promise.all(Array.from({ length: 16 }, write));
  const asked = await questions() - before;
  for (const { status, body, text } of refused) {
    assertEquals([503, 504].includes(status), true, text);
    assertEquals(body["outcome"], "not_applied");
  }
  assertEquals(asked < 300, true, `${asked} statements to a server that is full`);
  if (last !== undefined) await last.end();
  else await primary.sql("ALTER USER realmgate@'%' WITH MAX_USER_CONNECTIONS 2");
  await eventually(async () => (await write()).status === 200);
});
