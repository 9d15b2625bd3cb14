import { assert, assertEquals } from "@std/assert";
import type { Client } from "../support/client.ts";
import { eventually } from "../support/eventually.ts";
import { testRealm } from "../support/realm.ts";

/** What readers saw of the gold that they had just written. */
interface Tally {
  reads: number;
  stale: number;
  readonly sources: Map<string | null, number>;
}

const READS = 2_000;
const WORKERS = 16;

/**
 * Each worker writes its player's gold by one process and reads it back by whichever comes next,
 * until `READS` reads were made.
 */
async function load(
  clients: readonly Client[],
  headersOf: (token: string) => Record<string, string>,
): Promise<Tally> {
  const tally: Tally = { reads: 0, stale: 0, sources: new Map() };
  const work = async (playerId: number) => {
    let token = "";
    for (let turn = playerId; tally.reads < READS; turn++) {
      const [one, other] = [clients[turn % 2], clients[(turn + 1) % 2]];
      if (one === undefined || other === undefined) throw new Error("two clients are needed");
      const sent = token === "" ? {} : { "realmgate-token": token };
      const written = await one.exec("player.add_gold", { playerId, amount: 1 }, sent);
      assertEquals(written.status, 200, written.text);
      token = written.headers.get("realmgate-token") ?? "";
      assert(token !== "");
      const gold = wanted.set(playerId, (wanted.get(playerId) ?? 1_000) + 1).get(playerId) ?? 0;
      await Promise.all([one, other].map(async (client) => {
        tally.reads++;
        const read = await client.get(
          `/v1/query/player.get?playerId=${playerId}`,
          headersOf(token),
        );
        assertEquals(read.status, 200, read.text);
        if (Number((read.body["data"] as { gold: string }).gold) < gold) tally.stale++;
        const source = read.headers.get("realmgate-source");
        tally.sources.set(source, (tally.sources.get(source) ?? 0) + 1);
      }));
    }
  };
  const wanted = new Map<number, number>();
  await Promise.all(Array.from({ length: WORKERS }, (_, n) => work(base + n)));
  base += WORKERS;
  return tally;
}
let base = 1;

Deno.test("Service reads nothing older than the token, whichever process wrote and whichever reads", async (t) => {
  await using realm = await testRealm();
  const processes = await Promise.all([realm.serve({ isolates: 2 }), realm.serve({ isolates: 2 })]);
  const clients = processes.map(({ client }) => client);
  const replicas = realm.realm.stack.shards.flatMap(({ replicas }) => replicas);
  const session = (token: string) => ({
    "realmgate-consistency": "session",
    "realmgate-token": token,
  });

  await t.step("from replicas that keep up", async () => {
    const { stale, sources } = await load(clients, session);
    console.log("replicas that keep up answered", Object.fromEntries(sources));
    assertEquals(stale, 0);
    assert((sources.get("replica") ?? 0) > READS / 2, "replicas must be used where they can");
  });

  await t.step("while replicas are held behind", async () => {
    for (const replica of replicas) {
      await replica.sql("STOP SLAVE; CHANGE MASTER TO MASTER_DELAY = 3; START SLAVE");
    }
    const { stale, sources } = await load(clients, session);
    console.log("replicas that are behind answered", Object.fromEntries(sources));
    assertEquals(stale, 0);
    // What was written before the delay began is still read from them.
    await eventually(async () => {
      const { headers } = await clients[0]?.get("/v1/query/player.get?playerId=9000") ?? {};
      return headers?.get("realmgate-source") === "replica";
    });
  });

  await t.step("and without a token it does read older rows", async () => {
    for (const headers of [{}, { "realmgate-consistency": "session" }]) {
      const { reads, stale } = await load(clients, () => headers);
      console.log(`without a token ${stale} of ${reads} reads were stale`);
      assert(stale > 0, "the replicas must be able to show the fault");
    }
  });
});
