import { assertEquals } from "@std/assert";
import { realmWith, testRealm } from "../support/realm.ts";

/** A realm whose servers are said to be behind a proxy. */
async function proxiedRealm(): Promise<string> {
  const folder = await realmWith("");
  const file = `${folder}/realmgate.yaml`;
  const text = await Deno.readTextFile(file);
  const proxied = text.replace("\ndatabase:\n", "\ndatabase:\n  proxied: true\n");
  assertEquals(proxied === text, false);
  await Deno.writeTextFile(file, proxied);
  return folder;
}

Deno.test("Service leaves a row in the outbox with each tagged write when servers are behind a proxy", async () => {
  const folder = await proxiedRealm();
  await using realm = await testRealm({ realm: folder });
  const { client } = await realm.serve();
  const rows = async () => {
    let made = 0;
    for (const { primary } of realm.realm.stack.shards) {
      const [row] = await primary.sql("SHOW TABLE STATUS LIKE 'realmgate_outbox'");
      made += Number(row?.["Auto_increment"]) - 1;
    }
    return made;
  };
  // Swept rows leave their numbers behind.
  assertEquals(await rows(), 0);
  for (const playerId of [1, 2, 3]) {
    const answer = await client.exec("player.add_gold", { playerId, amount: 1 });
    assertEquals([answer.status, answer.body["affectedRows"]], [200, 1], answer.text);
  }
  assertEquals(await rows(), 3);
  await client.exec("event.append", { playerId: 1, kind: "k" });
  assertEquals(await rows(), 3, "a write without tags leaves none");
});
