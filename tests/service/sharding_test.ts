import { assert, assertEquals } from "@std/assert";
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
  for (const consistency of ["eventual", "strong"]) {
    const wrong: string[] = [];
    const sources = new Map<string | null, number>();
    const last = consistency === "strong" ? 2_000 : 10_000;
    let next = 1;
    const reader = async () => {
      while (next <= last) {
        const id = String(next++);
        const { body, headers, text } = await client.get(`/v1/query/player.get?playerId=${id}`, {
          "realmgate-consistency": consistency,
        });
        const data = body["data"] as Record<string, unknown> | null;
        const source = headers.get("realmgate-source");
        const good = data?.["id"] === id && data["gold"] === "1000" &&
          headers.get("realmgate-shard") === holders.get(id);
        if (!good) wrong.push(`${id}: ${text} ${source}`);
        sources.set(source, (sources.get(source) ?? 0) + 1);
      }
    };
    await Promise.all(Array.from({ length: 16 }, reader));
    assertEquals(wrong.slice(0, 10), []);
    if (consistency === "strong") assertEquals([...sources], [["primary", last]]);
    // Until an isolate has seen where the primaries stand, its caches load from them.
    else assert((sources.get("replica") ?? 0) > 5_000, JSON.stringify([...sources]));
  }
});
