import { assertEquals } from "@std/assert";
import { eventually } from "../support/eventually.ts";
import { testRealm } from "../support/realm.ts";

Deno.test("Service answers every player from the shard that holds it, by replicas and primaries", async () => {
  await using realm = await testRealm();
  const { client } = await realm.serve();
  const holders = new Map<string, string>();
  for (const { name, primary } of realm.realm.stack.shards) {
    for (const row of await primary.sql("SELECT id FROM players WHERE id <= 10000")) {
      holders.set(String(Object.values(row)[0]), name);
    }
  }
  assertEquals(holders.size, 10_000);
  for (const { name } of realm.realm.stack.shards) {
    const held = [...holders.values()].filter((shard) => shard === name).length;
    assertEquals(held >= 4_500 && held <= 5_500, true, `${name} holds ${held}`);
  }
  // Until an isolate has seen where the primaries stand its caches load from them: both have once all
  // of these are a replica's, each on a connection of its own.
  let unknown = 20_000;
  await eventually(async () => {
    const sources = await Promise.all(Array.from({ length: 16 }, async () => {
      const { headers } = await client.get(`/v1/query/player.get?playerId=${unknown++}`);
      return headers.get("realmgate-source");
    }));
    return sources.every((source) => source === "replica");
  });
  const wrong: string[] = [];
  for (const consistency of ["eventual", "strong"]) {
    let next = 1;
    const source = consistency === "strong" ? "primary" : "replica";
    const reader = async () => {
      while (next <= 10_000) {
        const id = String(next++);
        const { body, headers, text } = await client.get(`/v1/query/player.get?playerId=${id}`, {
          "realmgate-consistency": consistency,
        });
        const data = body["data"] as Record<string, unknown> | null;
        const good = data?.["id"] === id && data["gold"] === "1000" &&
          headers.get("realmgate-shard") === holders.get(id) &&
          headers.get("realmgate-source") === source;
        if (!good) wrong.push(`${id}: ${text} ${headers.get("realmgate-source")}`);
      }
    };
    await Promise.all(Array.from({ length: 16 }, reader));
  }
  assertEquals(wrong, []);
});
