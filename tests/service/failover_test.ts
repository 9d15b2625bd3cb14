import { assertEquals } from "@std/assert";
import type { MariadbServer } from "../../deploy/local/mariadb_server.ts";
import type { Answer, Client } from "../support/client.ts";
import { eventually } from "../support/eventually.ts";
import { promote } from "../support/promote.ts";
import { testRealm } from "../support/realm.ts";

/** What writers were told of each of their rows, by the row's own name. */
class WriteLoad {
  readonly acknowledged: string[] = [];
  readonly unknown: string[] = [];
  readonly refused: string[] = [];
  readonly #client: Client;
  readonly #players: readonly string[];
  readonly #writers: Promise<unknown>;
  #next = 0;
  #stop = false;

  constructor(client: Client, players: readonly string[]) {
    this.#client = client;
    this.#players = players;
    this.#writers = Promise.all(Array.from({ length: 8 }, () => this.#write()));
  }

  /** Lets every writer hear of its last row. */
  async stop(): Promise<void> {
    this.#stop = true;
    await this.#writers;
  }

  async #write(): Promise<void> {
    while (!this.#stop) {
      const kind = `write-${this.#next++}`;
      const playerId = this.#players[this.#next % this.#players.length];
      const { status, body, text } = await this.#client.exec("event.append", { playerId, kind });
      if (status === 200) this.acknowledged.push(kind);
      else if (body["outcome"] === "unknown") this.unknown.push(kind);
      else if (body["outcome"] === "not_applied") this.refused.push(kind);
      else throw new Error(`Cannot count the write ${kind}: ${text}`);
    }
  }
}

async function shardState(client: Client): Promise<Record<string, unknown>> {
  const { body } = await client.get("/v1/topology");
  const shards = body["shards"] as Record<string, unknown>[];
  return shards.find(({ name }) => name === "s1") ?? {};
}

async function playersOf(client: Client, shard: string): Promise<string[]> {
  const players: string[] = [];
  for (let id = 1; players.length < 16; id++) {
    const { body } = await client.get(`/v1/route/player.get?playerId=${id}`);
    if (body["shard"] === shard) players.push(String(id));
  }
  return players;
}

/** How often each row is there. */
async function countRows(node: MariadbServer): Promise<Map<string, number>> {
  const rows = await node.sql(
    "SELECT kind, COUNT(*) AS n FROM event_log WHERE kind LIKE 'write-%' GROUP BY kind",
  );
  return new Map(rows.map(({ kind, n }) => [String(kind), Number(n)]));
}

Deno.test("Service loses and doubles no acknowledged write through a fail-over, and refuses two writable nodes", async (t) => {
  await using realm = await testRealm();
  const { client } = await realm.serve();
  const shard = realm.realm.stack.shards[0];
  const replica = shard?.replicas[0];
  if (shard === undefined || replica === undefined) {
    throw new Error("the stack must have a replica");
  }
  const players = await playersOf(client, shard.name);
  const before = await shardState(client);
  assertEquals(before["primary"], shard.primary.name);
  const load = new WriteLoad(client, players);

  await t.step("writes go on at the promoted node, under a newer epoch", async () => {
    await eventually(() => load.acknowledged.length > 500);
    shard.primary.kill("SIGKILL");
    await promote(replica);
    const acknowledged = load.acknowledged.length;
    await eventually(() => load.acknowledged.length > acknowledged + 100, { withinMs: 20_000 });
    const after = await shardState(client);
    assertEquals([after["primary"], after["status"]], [replica.name, "ok"]);
    assertEquals(BigInt(String(after["epoch"])) > BigInt(String(before["epoch"])), true);
  });

  await t.step("nothing is written while the old primary is writable too", async () => {
    await shard.primary.start();
    await shard.primary.sql("SET GLOBAL read_only = 0");
    const write = (playerId = players[0]): Promise<Answer> =>
      client.exec("event.append", { playerId, kind: "split" });
    const refused = await eventually(async () => {
      const answer = await write();
      return answer.status === 503 ? answer : undefined;
    });
    assertEquals(
      [refused.body["code"], refused.body["outcome"], refused.headers.has("retry-after")],
      ["split_brain", "not_applied", true],
    );
    assertEquals((await shardState(client))["status"], "split_brain");
    const old = await countRows(shard.primary);
    await shard.primary.sql("SET GLOBAL read_only = 1");
    await eventually(async () => (await write()).status === 200);
    const after = await shardState(client);
    assertEquals([after["primary"], after["status"]], [replica.name, "ok"]);
    assertEquals(await countRows(shard.primary), old, "the old primary took writes");
    const rows = await shard.primary.sql("SELECT id FROM event_log WHERE kind = 'split'");
    assertEquals(rows, [], "the old primary took writes");
  });

  await load.stop();

  await t.step("every answer told the truth", async () => {
    const rows = await countRows(replica);
    const wrong = [
      ...load.acknowledged.filter((kind) => rows.get(kind) !== 1),
      ...load.refused.filter((kind) => rows.has(kind)),
      ...load.unknown.filter((kind) => (rows.get(kind) ?? 0) > 1),
    ];
    assertEquals(wrong, []);
    const wanted = load.acknowledged.length + load.unknown.filter((kind) => rows.has(kind)).length;
    assertEquals([...rows.values()].reduce((sum, n) => sum + n, 0), wanted);
  });
});
