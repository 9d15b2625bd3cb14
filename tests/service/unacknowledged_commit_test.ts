import { assertEquals } from "@std/assert";
import { testRealm } from "../support/realm.ts";

Deno.test("Service acknowledges no write whose wait for a replica it cut short itself", async () => {
  await using realm = await testRealm();
  const { client } = await realm.serve({ isolates: 1 });
  for (const { primary, replicas } of realm.realm.stack.shards) {
    await primary.sql("SET GLOBAL rpl_semi_sync_master_timeout = 60000");
    for (const replica of replicas) replica.kill("SIGKILL");
  }
  const write = await client.exec("player.add_gold", { playerId: 7, amount: 500 }, {
    "realmgate-deadline-ms": "600",
  });
  assertEquals([write.status, write.body["code"]], [503, "write_outcome_unknown"], write.text);
  assertEquals([write.body["outcome"], write.body["retry"]], ["unknown", "never"]);
});
