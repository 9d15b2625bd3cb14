import { assert, assertEquals } from "@std/assert";
import { Client } from "../support/client.ts";
import { eventually } from "../support/eventually.ts";
import { realmWith, testRealm } from "../support/realm.ts";

/** The servers refuse it: two spellings of one id could be routed to two shards. */
const REFUSED = `-- name: late.write :exec
-- @shard :id
-- @param id string maxlen=20
UPDATE players SET gold = gold + 1 WHERE id = :id;
`;

Deno.test("Service never runs a statement that is saved while it serves and that the servers refuse", async () => {
  const folder = await realmWith("");
  await using realm = await testRealm({ realm: folder });
  const { service, client } = await realm.serve({ isolates: 2 });
  await Deno.writeTextFile(`${folder}/statements/late.sql`, REFUSED);
  service.kill("SIGHUP");
  const seen = new Map<number, number>();
  const deadline = performance.now() + 20_000;
  while ((seen.get(503) ?? 0) < 40 && performance.now() < deadline) {
    // Each by a connection of its own, to meet both isolates.
    using connection = Deno.createHttpClient({});
    const caller = new Client(client.url, realm.realm.apiKey, { connection });
    const { status } = await caller.exec("late.write", { id: "7" });
    seen.set(status, (seen.get(status) ?? 0) + 1);
  }
  assert((seen.get(503) ?? 0) >= 40, `received ${[...seen]}`);
  assertEquals([...seen.keys()].filter((status) => status !== 404 && status !== 503), []);
});

Deno.test("Service goes on with the old statements when a file that is saved is not UTF-8", async () => {
  const folder = await realmWith("");
  await using realm = await testRealm({ realm: folder });
  const { service, client } = await realm.serve();
  const found = async () => (await client.get("/v1/statements/player.get")).status;
  assertEquals(await found(), 200);
  await Deno.writeFile(`${folder}/statements/player.sql`, new Uint8Array([0x2d, 0x2d, 0xe9]));
  service.kill("SIGHUP");
  await eventually(() => service.logs.some((line) => line.includes("must be UTF-8")));
  assertEquals(await found(), 200);
});
