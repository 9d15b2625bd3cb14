import { assert, assertEquals } from "@std/assert";
import type { Client } from "../support/client.ts";
import { eventually } from "../support/eventually.ts";
import { realmWith, testRealm } from "../support/realm.ts";

/** What a player had once, and the token of the write that gave it. */
interface Known {
  readonly gold: number;
  readonly token: string;
}

/** What readers saw of the gold that their tokens tell of. */
interface Tally {
  writes: number;
  reads: number;
  stale: number;
  readonly sources: Record<string, number>;
}

const WORKERS = 16;
/** Reads of one turn at each process: under the newest token, and under one of any age. */
const READS_EACH = 2;
const DELAY_S = 4;

/** Of no cache, which would show more than replicas do. */
const STATEMENTS = `-- name: test.gold :one
-- @shard :playerId
-- @param playerId bigint
SELECT gold FROM players WHERE id = :playerId;
`;

/**
 * Each worker writes its player's gold by one process in turn, and reads it back by both: under the
 * newest token, and under one from anywhere in the past, which a replica may have reached already.
 */
class Players {
  readonly #clients: readonly [Client, Client];
  readonly #known = new Map<number, Known[]>();

  constructor(clients: readonly [Client, Client]) {
    this.#clients = clients;
  }

  /** Goes on until `reads` reads were made. */
  async load(reads: number, headersOf: (token: string) => Record<string, string>): Promise<Tally> {
    const tally: Tally = { writes: 0, reads: 0, stale: 0, sources: {} };
    const began = performance.now();
    await Promise.all(Array.from({ length: WORKERS }, async (_, n) => {
      for (let turn = n; tally.reads < reads; turn++) {
        const newest = await this.#write(n + 1, turn);
        tally.writes++;
        const past = this.#known.get(n + 1) ?? [];
        const aged = past[turn * 7 % past.length] ?? newest;
        const wanted = Array.from({ length: READS_EACH }, () => [newest, aged]).flat();
        await Promise.all(this.#clients.map((client) =>
          Promise.all(wanted.map(async (known) => {
            tally.reads++;
            const { gold, source } = await read(client, n + 1, headersOf(known.token));
            if (gold < known.gold) tally.stale++;
            tally.sources[source] = (tally.sources[source] ?? 0) + 1;
          }))
        ));
      }
    }));
    const seconds = ((performance.now() - began) / 1_000).toFixed(1);
    console.log(`in ${seconds} s:`, tally);
    return tally;
  }

  async #write(playerId: number, turn: number): Promise<Known> {
    const past = this.#known.get(playerId) ?? [];
    this.#known.set(playerId, past);
    const before = past.at(-1);
    const [one, other] = this.#clients;
    const written = await (turn % 2 === 0 ? one : other).exec(
      "player.add_gold",
      { playerId, amount: 1 },
      before === undefined ? {} : { "realmgate-token": before.token },
    );
    assertEquals(written.status, 200, written.text);
    const token = written.headers.get("realmgate-token") ?? "";
    assert(token !== "");
    const known = { gold: (before?.gold ?? 1_000) + 1, token };
    past.push(known);
    return known;
  }
}

async function read(
  client: Client,
  playerId: number,
  headers: Record<string, string>,
): Promise<{ readonly gold: number; readonly source: string }> {
  const answer = await client.get(`/v1/query/test.gold?playerId=${playerId}`, headers);
  assertEquals(answer.status, 200, answer.text);
  const { gold } = answer.body["data"] as { gold: string };
  return { gold: Number(gold), source: answer.headers.get("realmgate-source") ?? "nobody" };
}

/** How far each replica that takes reads is behind, in seconds, by what a process knows. */
async function lags(client: Client): Promise<number[]> {
  const { body } = await client.get("/v1/topology");
  const shards = body["shards"] as {
    nodes: { role: string; lagMs?: number; ejected?: string }[];
  }[];
  return shards.flatMap(({ nodes }) => nodes)
    .filter(({ role, ejected }) => role === "replica" && ejected === undefined)
    .map(({ lagMs = NaN }) => lagMs / 1_000);
}

Deno.test("Service reads nothing older than the token, whichever process wrote and whichever reads", async (t) => {
  const folder = await realmWith(STATEMENTS);
  // Late heartbeats must not take the replicas out: it is positions that have to keep reads away.
  const more = "\nreplicas: { maxLag: 60s }\n";
  await Deno.writeTextFile(`${folder}/realmgate.yaml`, more, { append: true });
  await using realm = await testRealm({ realm: folder });
  const [one, two] = await Promise.all([
    realm.serve({ isolates: 2 }),
    realm.serve({ isolates: 2 }),
  ]);
  const players = new Players([one.client, two.client]);
  const replicas = realm.realm.stack.shards.flatMap(({ replicas }) => replicas);
  const session = (token: string) => ({
    "realmgate-consistency": "session",
    "realmgate-token": token,
  });

  await t.step("from replicas that keep up", async () => {
    const { stale, reads, sources } = await players.load(600, session);
    assertEquals(stale, 0);
    assert((sources["replica"] ?? 0) > reads / 2, "replicas must be used where they can");
  });

  await t.step("10,000 times while replicas are held 4 s behind", async () => {
    for (const replica of replicas) {
      await replica.sql(`STOP SLAVE; CHANGE MASTER TO MASTER_DELAY = ${DELAY_S}; START SLAVE`);
    }
    const behind = async () =>
      (await lags(two.client)).filter((lag) => lag > DELAY_S - 1.5).length === replicas.length;
    await eventually(behind, { what: "replicas that are seen to be behind" });
    const { stale, sources } = await players.load(10_000, session);
    console.log("seconds behind:", await lags(one.client), await lags(two.client));
    assertEquals(stale, 0);
    assert((sources["primary"] ?? 0) > 0, "what was written just now is on the primary alone");
    assert((sources["replica"] ?? 0) > 0, "what was written before must be read from replicas");
  });

  await t.step("and without a token it does read older rows", async () => {
    for (const headers of [{}, { "realmgate-consistency": "session" }]) {
      const { stale, sources } = await players.load(500, () => headers);
      assert((sources["replica"] ?? 0) > 0 && stale > 0, "the replicas must show the fault");
    }
  });
});
