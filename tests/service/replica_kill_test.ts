import { assertEquals } from "@std/assert";
import { eventually } from "../support/eventually.ts";
import { testRealm } from "../support/realm.ts";

Deno.test("Service fails no read when a replica is killed, and uses it again when it is back", async () => {
  await using realm = await testRealm();
  const { client } = await realm.serve();
  const replica = realm.realm.stack.shards[0]?.replicas[0];
  if (replica === undefined) throw new Error("the stack must have a replica");
  const failures: string[] = [];
  const sources = new Map<string, number>();
  const state = { stop: false, answered: 0 };
  const reader = async (offset: number) => {
    for (let n = offset; !state.stop; n += 16) {
      const answer = await client.get(`/v1/query/event.list?playerId=${1 + n % 10_000}`);
      state.answered++;
      const source = answer.headers.get("realmgate-source") ?? "none";
      sources.set(source, (sources.get(source) ?? 0) + 1);
      if (answer.status !== 200) failures.push(answer.text);
    }
  };
  const readers = Promise.all(Array.from({ length: 16 }, (_, n) => reader(n)));
  await eventually(() => state.answered > 1_000);
  assertEquals([...sources.keys()], ["replica"]);
  const before = state.answered;
  replica.kill("SIGKILL");
  await eventually(() => state.answered > before + 3_000);
  const nodeIs = async (up: boolean) => {
    const { body } = await client.get("/v1/topology");
    const shards = body["shards"] as { nodes: { name: string; up: boolean; ejected?: string }[] }[];
    const node = shards.flatMap(({ nodes }) => nodes).find(({ name }) => name === replica.name);
    return node?.up === up && (node?.ejected === undefined) === up;
  };
  await eventually(() => nodeIs(false));
  await replica.restart();
  await eventually(() => nodeIs(true), { withinMs: 20_000 });
  state.stop = true;
  await readers;
  assertEquals(failures, []);
});
