import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import type { Answer, Client } from "../support/client.ts";
import { realmWith, type TestRealm, testRealm } from "../support/realm.ts";

const STATEMENTS = `
-- name: test.set :exec
-- @shard :playerId
-- @param playerId bigint
-- @param gold bigint
UPDATE players SET gold = :gold WHERE id = :playerId;

-- name: test.seen :one
-- @shard :playerId
-- @param playerId bigint
-- @param lock string
-- @read primary
SELECT fence FROM realmgate_fences WHERE name = :lock AND :playerId > 0;

-- name: test.record :exec
-- @shard :playerId
-- @param playerId bigint
-- @param lock string
-- @param fence bigint
INSERT INTO realmgate_fences (name, fence, used_at)
SELECT :lock, :fence, UTC_TIMESTAMP() FROM DUAL WHERE :playerId > 0
ON DUPLICATE KEY UPDATE fence = GREATEST(realmgate_fences.fence, VALUES(fence));
`;

function fenced(client: Client, playerId: number, fence: string): Promise<Answer> {
  const headers = { "realmgate-fence": fence };
  return client.exec("player.add_gold", { playerId, amount: 1 }, headers);
}

async function goldOf(client: Client, playerId: number): Promise<number> {
  const strong = { "realmgate-consistency": "strong" };
  const { body } = await client.get(`/v1/query/player.get?playerId=${playerId}`, strong);
  return Number((body["data"] as Record<string, unknown>)["gold"]);
}

/** One player of each shard. */
async function playersOfShards(client: Client): Promise<[number, number]> {
  const found = new Map<unknown, number>();
  for (let id = 1; found.size < 2; id++) {
    const { body } = await client.get(`/v1/route/player.get?playerId=${id}`);
    found.set(body["shard"], id);
  }
  return [found.get("s1") ?? 0, found.get("s2") ?? 0];
}

Deno.test("fences protect writes on a running service", async (t) => {
  const folder = await realmWith(STATEMENTS);
  await using realm = await testRealm({ realm: folder });
  const { client } = await realm.serve();
  const [one, two] = await playersOfShards(client);

  await t.step("an older fence is 412 once a newer one wrote, and the row stays", async () => {
    const before = await goldOf(client, one);
    assertEquals((await fenced(client, one, "raid:7=7")).status, 200);
    const newer = await fenced(client, one, "raid:7=9007199254740993");
    assertEquals(newer.body, { affectedRows: 1, insertId: null });
    const { status, body, headers } = await fenced(client, one, "raid:7=9007199254740992");
    assertEquals(
      [status, body["code"], body["outcome"], body["retry"]],
      [412, "stale_fence", "not_applied", "never"],
    );
    assertEquals(
      [body["lock"], body["fence"], body["newest"]],
      ["raid:7", "9007199254740992", "9007199254740993"],
    );
    assertEquals(headers.get("content-type"), "application/problem+json");
    assertEquals((await fenced(client, one, "raid:7=9007199254740993")).status, 200);
    assertEquals(await goldOf(client, one), before + 3);
  });

  await t.step("each shard remembers the fences of its own writes", async () => {
    assertEquals((await fenced(client, two, "raid:7=8")).status, 200);
    assertEquals((await fenced(client, two, "raid:7=7")).status, 412);
    assertEquals((await fenced(client, one, "raid:7=8")).status, 412);
  });

  await t.step("a fence is refused where it would protect nothing, with what to do", async () => {
    const header = { "realmgate-fence": "raid:7=7" };
    for (
      const [answer, advice] of [
        [await client.get(`/v1/query/player.get?playerId=${one}`, header), "leave the header"],
        [await client.post("/v1/query/player.get", { params: { playerId: one } }, header), "leave"],
        [await client.post("/v1/batch", { calls: [] }, header), '"fence": "lock=number" into'],
      ] as const
    ) {
      assertEquals([answer.status, answer.body["code"]], [400, "not_supported"]);
      assertStringIncludes(String(answer.body["detail"]), advice);
    }
    const body = await client.post("/v1/exec/player.add_gold", { params: {}, fence: "raid:7=9" });
    assertStringIncludes(String(body.body["detail"]), "must be in the header Realmgate-Fence");
  });

  await t.step("a malformed fence is 400 and names the header", async () => {
    for (const fence of ["raid:7", "raid 7=1", "raid:7=0", "raid:7=9223372036854775808", "=1"]) {
      const { status, body } = await fenced(client, one, fence);
      assertEquals([status, body["code"]], [400, "invalid_request"], fence);
      assertEquals((body["errors"] as { param: string }[])[0]?.param, "Realmgate-Fence");
    }
  });

  await t.step("a batch's writes carry a fence each, and are answered one by one", async () => {
    const before = await goldOf(client, one);
    const add = (fence: unknown) => ({
      statement: "player.add_gold",
      params: { playerId: one, amount: 1 },
      fence,
    });
    await fenced(client, one, "batch=5");
    const { status, body } = await client.post("/v1/batch", {
      calls: [
        add("batch=5"),
        add("batch=4"),
        add("other=1"),
        add("batch"),
        { statement: "player.get", params: { playerId: one }, fence: "batch=9" },
        { statement: "player.get", params: { playerId: one } },
      ],
    });
    assertEquals(status, 200);
    const results = body["results"] as { status: number; body: Record<string, unknown> }[];
    assertEquals(results.map((result) => result.status), [200, 412, 200, 400, 400, 200]);
    assertEquals(results.slice(1, 5).map((result) => result.body["code"]), [
      "stale_fence",
      undefined,
      "invalid_request",
      "not_supported",
    ]);
    assertEquals(await goldOf(client, one), before + 3);
    const wrong = await client.post("/v1/batch", { calls: [add("batch=9"), add(9)] });
    assertEquals([wrong.status, wrong.body["code"]], [400, "invalid_request"]);
    assertStringIncludes(String(wrong.body["detail"]), "calls[1].fence must be a string");
    assertEquals(await goldOf(client, one), before + 3, "a batch of the wrong shape ran nothing");
  });

  await t.step("an old holder's write never lands behind a new one's", async () => {
    const write: Write = async (lock, fence, gold) => {
      const headers = { "realmgate-fence": `${lock}=${fence}` };
      const answer = await client.exec("test.set", { playerId: one, gold }, headers);
      if (answer.status === 409) return await write(lock, fence, gold);
      assert(answer.status === 200 || answer.status === 412, answer.text);
      return answer.status === 200;
    };
    assertEquals(await races(client, one, { lock: "held", times: 50, write }), 0);
  });

  await t.step("an application that checks before it writes lets one land", async () => {
    const write: Write = async (lock, fence, gold) => {
      const seen = await client.get(`/v1/query/test.seen?playerId=${one}&lock=${lock}`);
      const row = seen.body["data"] as { fence: string } | null;
      if (Number(row?.fence ?? 0) > fence) return false;
      assertEquals(
        (await client.exec("test.record", { playerId: one, lock, fence })).status,
        200,
      );
      return (await client.exec("test.set", { playerId: one, gold })).status === 200;
    };
    const wrong = await races(client, one, { lock: "naive", times: 50, write });
    console.log(`a check without the transaction: ${wrong} of 50 new holders were overwritten`);
    assert(wrong > 0, "the races must be able to show the fault");
  });
});

/** Sets a player's gold under a fence; whether it was accepted. */
type Write = (lock: string, fence: number, gold: number) => Promise<boolean>;

/**
 * Old holders write until they are refused, a new one writes once in their midst.
 *
 * @returns how often the row was not the new holder's at the end
 */
async function races(
  client: Client,
  playerId: number,
  options: { readonly lock: string; readonly times: number; readonly write: Write },
): Promise<number> {
  let overwritten = 0;
  for (let time = 0; time < options.times; time++) {
    const lock = `${options.lock}:${time}`;
    let accepted = 0;
    let finish = () => {};
    const done = new Promise<void>((resolve) => finish = resolve);
    const old = async () => {
      while (await options.write(lock, 1, 111)) if (++accepted === 8) finish();
    };
    const olds = Promise.all(Array.from({ length: 6 }, old));
    await done;
    assertEquals(await options.write(lock, 2, 222), true, "the newest is never refused");
    await olds;
    if (await goldOf(client, playerId) !== 222) overwritten++;
  }
  return overwritten;
}

Deno.test("a fenced write says of its COMMIT only what the server said", async (t) => {
  await using realm = await testRealm();
  const { client } = await realm.serve({ isolates: 1 });
  await fenced(client, 7, "raid=1");

  await t.step("without the table it tells an operator what to do", async () => {
    await everyPrimary(realm, "RENAME TABLE realmgate_fences TO away");
    const { status, body, headers } = await fenced(client, 7, "raid=2");
    await everyPrimary(realm, "RENAME TABLE away TO realmgate_fences");
    assertEquals([status, body["code"]], [503, "statement_unavailable"]);
    assertStringIncludes(String(body["detail"]), "deno task schema:install");
    assert(headers.has("retry-after"));
    assertEquals((await fenced(client, 7, "raid=2")).status, 200);
  });

  await t.step("it is unknown while its COMMIT waits for a replica that is dead", async () => {
    await everyPrimary(realm, "SET GLOBAL rpl_semi_sync_master_timeout = 60000");
    for (const { replicas } of realm.realm.stack.shards) {
      for (const replica of replicas) replica.kill("SIGKILL");
    }
    const { status, body } = await client.exec("player.add_gold", { playerId: 7, amount: 500 }, {
      "realmgate-deadline-ms": "600",
      "realmgate-fence": "raid=3",
    });
    assertEquals(
      [status, body["code"], body["outcome"]],
      [503, "write_outcome_unknown", "unknown"],
    );
  });
});

async function everyPrimary(realm: TestRealm, sql: string): Promise<void> {
  for (const { primary } of realm.realm.stack.shards) await primary.sql(sql);
}
