import { assert, assertEquals, assertMatch } from "@std/assert";
import type { MariadbServer } from "../../deploy/local/mariadb_server.ts";
import { follow } from "../../deploy/local/replication.ts";
import { type Answer, Client } from "../support/client.ts";
import { eventually } from "../support/eventually.ts";
import { isolateClients } from "../support/isolate_clients.ts";
import { assertProblem } from "../support/problem.ts";
import { promote } from "../support/promote.ts";
import { withReader } from "../support/reader_key.ts";
import { redisCommand } from "../support/redis_command.ts";
import { realmWith, type TestRealm, testRealm } from "../support/realm.ts";
import { countStatements, rowsReadOf } from "../support/statement_count.ts";

const STATEMENTS = `
-- name: test.gold :one
-- @shard :playerId
-- @param playerId bigint
SELECT gold FROM players WHERE id = :playerId;

-- name: test.slow :one
-- @shard :playerId
-- @param playerId bigint
SELECT SLEEP(1) AS slept FROM players WHERE id = :playerId;
`;
const READER = "key-without-admin";
const DRAIN = "/v1/admin/nodes/s1b/drain";

/** The servers of the first shard, and ids of its players. */
async function firstShard(realm: TestRealm) {
  const shard = realm.realm.stack.shards[0];
  const replica = shard?.replicas[0];
  if (shard === undefined || replica === undefined) throw new Error("the stack lacks a node");
  const rows = await shard.primary.sql("SELECT id FROM players ORDER BY id LIMIT 400");
  return { primary: shard.primary, replica, ids: rows.map(({ id }) => Number(id)) };
}

interface NodeAnswer {
  readonly name: string;
  readonly role: string;
  readonly ejected?: string;
  readonly drained?: { readonly by: string; readonly at: number };
}

async function nodeOf(client: Client, name: string): Promise<NodeAnswer> {
  const { body } = await client.get("/v1/topology");
  const shards = body["shards"] as { readonly nodes: readonly NodeAnswer[] }[];
  const node = shards.flatMap(({ nodes }) => nodes).find((node) => node.name === name);
  if (node === undefined) throw new Error(`no node ${name}`);
  return node;
}

const sourceOf = ({ headers }: Answer) => headers.get("realmgate-source");
const read = (client: Client, id: number) => client.get(`/v1/query/test.gold?playerId=${id}`);

/** Waits until plain reads of a client go to such a node. */
async function readsGoTo(source: "primary" | "replica", client: Client, id: number): Promise<void> {
  await eventually(async () => sourceOf(await read(client, id)) === source, {
    what: `reads to go to the ${source}`,
  });
}

/** Whether a server runs such a statement. */
async function runs(server: MariadbServer, like: string): Promise<boolean> {
  const rows = await server.sql(
    `SELECT id FROM information_schema.processlist WHERE info LIKE '${like}'`,
  );
  return rows.length > 0;
}

/** Reads in every way that may pick a replica. */
async function readInEveryWay(client: Client, ids: readonly number[]): Promise<void> {
  const [first = 0] = ids;
  const written = await client.exec("player.add_gold", { playerId: first, amount: 1 });
  const token = written.headers.get("realmgate-token") ?? "";
  assertEquals([written.status, token === ""], [200, false]);
  const session = { "realmgate-consistency": "session", "realmgate-token": token };
  for (const id of ids) {
    const answers = [
      await read(client, id),
      await client.get(`/v1/query/test.gold?playerId=${id}`, session),
      // Of a cached statement: what is not at hand is loaded.
      await client.get(`/v1/query/player.profile?playerId=${id}`),
      await client.get(`/v1/query/event.list?playerId=${id}`),
    ];
    assertEquals(answers.map(({ status }) => status), [200, 200, 200, 200]);
    for (const answer of answers) assert(sourceOf(answer) !== "replica", answer.text);
  }
  const calls = ids.slice(0, 20).map((playerId) => ({
    statement: "player.get",
    params: { playerId },
  }));
  assertEquals((await client.post("/v1/batch", { calls })).status, 200);
  assertEquals((await client.get("/v1/query/leaderboard.top")).status, 200);
}

Deno.test("draining a replica on running services", async (t) => {
  const folder = await withReader(await realmWith(STATEMENTS), READER);
  await using realm = await testRealm({ realm: folder });
  const { apiKey, stack: { redis } } = realm.realm;
  const { service } = await realm.serve({ isolates: 2 });
  const { client: other } = await realm.serve({ isolates: 1 });
  const { primary, replica, ids } = await firstShard(realm);
  const [id = 0] = ids;
  using own = await isolateClients(service.url, { apiKey, isolates: 2, cache: "matches" });
  const clients = [...own.clients, other];
  // A worker isolate answers, which knows of the fleet only what the main one tells.
  const operator = own.clients[1] ?? other;
  const isDrained = { by: "development", at: 0 };
  await countStatements(replica);

  await t.step("reads reach the replica before", async () => {
    const before = await rowsReadOf(replica, "players");
    for (const client of clients) await readsGoTo("replica", client, id);
    assert(await rowsReadOf(replica, "players") > before, "the server counts them");
  });

  await t.step("it takes an administrator, a known node and a replica", async () => {
    const reader = new Client(service.url, READER);
    assertProblem(await reader.post(DRAIN, { drain: true }), 403, "forbidden");
    const unknown = await operator.post("/v1/admin/nodes/s9z/drain", { drain: true });
    assertProblem(unknown, 404, "not_found");
    const refused = await operator.post("/v1/admin/nodes/s1a/drain", { drain: true });
    assertProblem(refused, 400, "invalid_request");
    assertMatch(String(refused.body["detail"]), /s1a: it must be a replica/);
    for (const body of [{}, { drain: 1 }, { drain: true, node: "s1b" }]) {
      assertProblem(await operator.post(DRAIN, body), 400, "invalid_request");
    }
    for (const name of ["s1a", "s1b"]) assertEquals((await nodeOf(other, name)).drained, undefined);
  });

  await t.step("no read reaches a drained replica, by any isolate of any process", async () => {
    const underWay = other.get(`/v1/query/test.slow?playerId=${id}`);
    await eventually(() => runs(replica, "SELECT SLEEP(1)%"));
    const { status, body, text } = await operator.post(DRAIN, { drain: true });
    assertEquals([status, body["node"], body["drained"], body["by"]], [
      200,
      "s1b",
      true,
      "development",
    ], text);
    assertMatch(String(body["warning"]), /no other replica of s1 .* its primary takes them/);
    isDrained.at = Number(body["at"]);
    assertEquals(sourceOf(await read(operator, id)), "primary", "this isolate goes by it");
    for (const client of clients) await readsGoTo("primary", client, id);
    const finished = await underWay;
    assertEquals([finished.status, sourceOf(finished)], [200, "replica"], "what ran has finished");
    const before = await rowsReadOf(replica, "players");
    for (const [at, client] of clients.entries()) {
      await readInEveryWay(client, ids.slice(at * 100, at * 100 + 50));
    }
    // Replication reads the rows that were written: one per client.
    const grown = await rowsReadOf(replica, "players") - before;
    assert(grown <= clients.length, `${grown} rows were read`);
  });

  await t.step("the topology tells who drained it and when, in every process", async () => {
    const at = new Date(isDrained.at).toISOString();
    for (const client of clients) {
      const { ejected, drained, role } = await nodeOf(client, "s1b");
      assertEquals([role, drained], ["replica", isDrained]);
      assertEquals(ejected, `drained by development at ${at}`);
    }
    const route = await operator.get(`/v1/route/test.gold?playerId=${id}`);
    assertEquals(route.body["node"], "s1a");
  });

  await t.step("draining it twice keeps the first time", async () => {
    const again = await other.post(DRAIN, { drain: true });
    assertEquals([again.status, again.body["at"]], [200, isDrained.at]);
  });

  await t.step("where the primary may not take its place, its reads are refused", async () => {
    const strict = `${folder}/strict.yaml`;
    const text = await Deno.readTextFile(`${folder}/realmgate.yaml`);
    await Deno.writeTextFile(strict, `${text}\nreplicas: { fallbackToPrimary: false }\n`);
    const { service, client } = await realm.serve({
      isolates: 1,
      env: { REALMGATE_CONFIG: strict },
    });
    const drained = await client.post(DRAIN, { drain: true });
    assertEquals([drained.status, drained.body["at"]], [200, isDrained.at]);
    assertMatch(String(drained.body["warning"]), /fallbackToPrimary\): they are refused/);
    assertProblem(await read(client, id), 503, "shard_unavailable");
    const strong = { "realmgate-consistency": "strong" };
    const answer = await client.get(`/v1/query/test.gold?playerId=${id}`, strong);
    assertEquals(answer.status, 200);
    await service.stop();
  });

  await t.step("it stays drained while Redis is away and when it is started anew", async () => {
    await redis.stop();
    const failed = await eventually(async () => {
      const answer = await operator.post(DRAIN, { drain: false });
      return answer.status === 503 ? answer : undefined;
    });
    assertProblem(failed, 503, "redis_unavailable");
    for (const client of clients) assertEquals(sourceOf(await read(client, id)), "primary");
    await redis.start();
    const { client: late } = await realm.serve({ isolates: 1 });
    for (const client of [...clients, late]) {
      assertEquals(sourceOf(await read(client, id)), "primary");
      assertEquals((await nodeOf(client, "s1b")).drained, isDrained);
    }
  });

  await t.step("it stays drained when Redis lost what it had", async () => {
    await redis.stop();
    await redis.forget();
    await redis.start();
    const key = `{${realm.realm.stack.database}}:drains`;
    await eventually(async () =>
      (await redisCommand(redis, `HGET ${key} s1b`)).includes("development")
    );
    const { client: late } = await realm.serve({ isolates: 1 });
    for (const client of [...clients, late]) {
      assertEquals((await nodeOf(client, "s1b")).drained, isDrained);
    }
  });

  await t.step(
    "a drained node that is promoted takes writes, and is no replica any more",
    async () => {
      await primary.sql("SET GLOBAL read_only = 1");
      await promote(replica);
      await follow(primary, replica);
      await eventually(async () => {
        const { status } = await other.exec("player.add_gold", { playerId: id, amount: 1 });
        return status === 200;
      }, { withinMs: 20_000 });
      for (const client of clients) {
        const node = await eventually(async () => {
          const node = await nodeOf(client, "s1b");
          return node.role === "primary" ? node : undefined;
        });
        assertEquals([node.drained, node.ejected], [isDrained, undefined]);
        await readsGoTo("replica", client, id);
      }
      const refused = await operator.post(DRAIN, { drain: true });
      assertProblem(refused, 400, "invalid_request");
    },
  );

  await t.step("it takes reads again once it is taken back", async () => {
    await replica.sql("SET GLOBAL read_only = 1");
    await promote(primary);
    await follow(replica, primary);
    for (const client of clients) {
      await eventually(async () => (await nodeOf(client, "s1a")).role === "primary", {
        withinMs: 20_000,
      });
    }
    const back = await operator.post(DRAIN, { drain: false });
    assertEquals([back.status, back.body["drained"], back.body["by"]], [200, false, undefined]);
    for (const client of clients) await readsGoTo("replica", client, id);
    const before = await rowsReadOf(replica, "players");
    for (const client of clients) assertEquals(sourceOf(await read(client, id)), "replica");
    assertEquals(await rowsReadOf(replica, "players") - before, clients.length);
    assertEquals((await nodeOf(other, "s1b")).drained, undefined);
    const again = await other.post(DRAIN, { drain: false });
    assertEquals(again.body, { node: "s1b", drained: false });
  });
});
