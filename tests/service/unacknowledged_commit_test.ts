import { assertEquals } from "@std/assert";
import { eventually } from "../support/eventually.ts";
import { testRealm } from "../support/realm.ts";
import { lockHeartbeat } from "../support/row_lock.ts";

Deno.test("Service acknowledges no write whose wait for a replica it cut short itself", async () => {
  await using realm = await testRealm();
  const { client, service } = await realm.serve({ isolates: 1 });
  await using held = new AsyncDisposableStack();
  for (const { primary, replicas } of realm.realm.stack.shards) {
    held.use(await lockHeartbeat(primary));
    await primary.sql("SET GLOBAL rpl_semi_sync_master_timeout = 60000");
    for (const replica of replicas) replica.kill("SIGKILL");
  }
  const write = await client.exec("player.add_gold", { playerId: 7, amount: 500 }, {
    "realmgate-deadline-ms": "600",
  });
  assertEquals([write.status, write.body["code"]], [503, "write_outcome_unknown"], write.text);
  assertEquals([write.body["outcome"], write.body["retry"]], ["unknown", "never"]);
  // It is over all the same: its connection goes to others, and no sweeper may end that for it.
  await eventually(async () => {
    const { body } = await client.get("/v1/route/player.get?playerId=7");
    return (body["cache"] as { state: string }).state === "absent";
  });
  assertEquals(service.logs.filter((line) => line.includes("writes settled")), []);
});
