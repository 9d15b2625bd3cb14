import { assertEquals } from "@std/assert";
import type { Client } from "../support/client.ts";
import { eventually } from "../support/eventually.ts";
import { promote } from "../support/promote.ts";
import { testRealm } from "../support/realm.ts";

/** What the holders of one lock, one after another, were told of their writes, by their fences. */
class FencedLoad {
  readonly acknowledged: number[] = [];
  readonly unknown: number[] = [];
  readonly refused: number[] = [];
  stale = 0;
  readonly #client: Client;
  readonly #playerId: string;
  readonly #writers: Promise<unknown>;
  #fence = 0;
  #stop = false;

  constructor(client: Client, playerId: string) {
    this.#client = client;
    this.#playerId = playerId;
    this.#writers = Promise.all(Array.from({ length: 8 }, () => this.#write()));
  }

  /** Lets every writer hear of its last write. */
  async stop(): Promise<void> {
    this.#stop = true;
    await this.#writers;
  }

  async #write(): Promise<void> {
    while (!this.#stop) {
      const fence = ++this.#fence;
      const { status, body, text } = await this.#client.exec(
        "event.append",
        { playerId: this.#playerId, kind: `fence-${fence}` },
        { "realmgate-fence": `boss=${fence}` },
      );
      if (status === 412) this.stale++;
      if (status === 200) this.acknowledged.push(fence);
      else if (body["outcome"] === "unknown") this.unknown.push(fence);
      else if (body["outcome"] === "not_applied") this.refused.push(fence);
      else throw new Error(`Cannot count the write of fence ${fence}: ${text}`);
    }
  }
}

Deno.test("Service keeps fenced writes in order through a fail-over, and tells the truth of each", async () => {
  await using realm = await testRealm();
  const { client } = await realm.serve();
  const shard = realm.realm.stack.shards[0];
  const replica = shard?.replicas[0];
  if (shard === undefined || replica === undefined) {
    throw new Error("the stack must have a replica");
  }
  const [row] = await shard.primary.sql("SELECT MIN(id) AS id FROM players");
  const load = new FencedLoad(client, String(row?.["id"]));
  await eventually(() => load.acknowledged.length > 300, { withinMs: 30_000 });
  shard.primary.kill("SIGKILL");
  await promote(replica);
  const before = load.acknowledged.length;
  await eventually(() => load.acknowledged.length > before + 100, { withinMs: 30_000 });
  await load.stop();

  const rows = await replica.sql(
    "SELECT kind FROM event_log WHERE kind LIKE 'fence-%' ORDER BY id",
  );
  const landed = rows.map(({ kind }) => Number(String(kind).slice("fence-".length)));
  assertEquals(landed, landed.toSorted((a, b) => a - b), "an older fence landed behind a newer");
  const times = (fence: number) => landed.filter((other) => other === fence).length;
  assertEquals(load.acknowledged.filter((fence) => times(fence) !== 1), []);
  assertEquals(load.refused.filter((fence) => times(fence) !== 0), []);
  assertEquals(load.unknown.filter((fence) => times(fence) > 1), []);
  const [newest] = await replica.sql("SELECT fence FROM realmgate_fences WHERE name = 'boss'");
  assertEquals(String(newest?.["fence"]), String(landed.at(-1)));
  console.log(
    `${load.acknowledged.length} applied, ${load.stale} stale, ${load.unknown.length} unknown`,
  );
});
