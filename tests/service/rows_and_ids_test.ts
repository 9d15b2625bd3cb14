import { assert, assertEquals } from "@std/assert";
import type { Answer, Client } from "../support/client.ts";
import { eventually } from "../support/eventually.ts";
import { realmWith, testRealm } from "../support/realm.ts";

const STATEMENTS = `
-- name: test.give :exec
-- @shard :playerId
-- @param playerId bigint
-- @param items rows(itemId string maxlen=8, quantity bigint) max=1000
-- @invalidates inventory:{playerId}
INSERT INTO inventory (player_id, item_id, quantity)
VALUES (:playerId, :items.itemId, :items.quantity);

-- name: test.spend :exec
-- @shard :playerId
-- @param playerId bigint
-- @param at datetime default=now()
-- @param events rows(kind string maxlen=64, payload json) max=1000 secret
INSERT INTO event_log (player_id, kind, payload, at)
VALUES (:playerId, UPPER(:events.kind), :events.payload, :at) RETURNING id, kind, payload;

-- name: test.log :exec
-- @shard :playerId
-- @param playerId bigint
-- @param events rows(kind string)
INSERT INTO event_log (player_id, kind, payload, at)
VALUES (:playerId, :events.kind, '{}', UTC_TIMESTAMP(3));

-- name: test.held :one
-- @shard :playerId
-- @param playerId bigint
-- @read primary
SELECT COUNT(*) AS items, COALESCE(MAX(quantity), 0) AS most FROM inventory
WHERE player_id = :playerId;
`;

async function heldBy(client: Client, playerId: number): Promise<unknown> {
  return (await client.get(`/v1/query/test.held?playerId=${playerId}`)).body["data"];
}

function things(count: number, from = 0): { itemId: string; quantity: unknown }[] {
  return Array.from({ length: count }, (_, n) => ({ itemId: `i${from + n}`, quantity: 1 }));
}

function errorsOf({ status, body }: Answer): unknown {
  assertEquals([status, body["code"], body["outcome"]], [400, "invalid_request", "not_applied"]);
  return body["errors"];
}

Deno.test("Service takes many rows in one write, and makes ids", async (t) => {
  const folder = await realmWith(STATEMENTS);
  await using realm = await testRealm({ realm: folder });
  const [{ client }, second] = await Promise.all([
    realm.serve({ isolates: 2 }),
    realm.serve({ isolates: 2 }),
  ]);
  const give = (playerId: number, items: unknown, headers = {}) =>
    client.exec("test.give", { playerId, items }, headers);

  await t.step("the servers accept them without a warning", async () => {
    for (const name of ["test.spend", "test.give", "player.create", "inventory.add_items"]) {
      const { available, warnings } = await eventually(async () => {
        const { body } = await client.get(`/v1/statements/${name}`);
        return body["columns"] === null ? undefined : body;
      });
      assertEquals([available, warnings], [true, []], name);
    }
  });

  await t.step("1,000 rows are one write, each number exact", async () => {
    const items = things(1_000);
    (items[999] as { quantity: unknown }).quantity = "9007199254740993";
    const { status, body, headers } = await give(20_001, items);
    assertEquals([status, body], [200, { affectedRows: 1_000, insertId: null }]);
    assert(headers.get("realmgate-token") !== null);
    assertEquals(await heldBy(client, 20_001), { items: "1000", most: "9007199254740993" });
    for (const count of [1, 4, 5, 9]) {
      const { body } = await give(20_010 + count, things(count));
      assertEquals(body["affectedRows"], count);
    }
  });

  await t.step("a wrong value is told by its row and column, and nothing is applied", async () => {
    const items: unknown[] = things(1_000);
    items[3] = { itemId: "longer than 8", quantity: "many" };
    items[5] = { itemId: "i5", quantity: 2 ** 53 };
    const errors = errorsOf(await give(20_002, items)) as { param: string; detail: string }[];
    assertEquals(errors.map(({ param }) => param), [
      "items[3].itemId",
      "items[3].quantity",
      "items[5].quantity",
    ]);
    assertEquals(errorsOf(await give(20_002, [])), [
      { param: "items", detail: "must have at least one row" },
    ]);
    assertEquals(errorsOf(await give(20_002, things(1_001))), [
      { param: "items", detail: "must have at most 1000 rows, received 1001" },
    ]);
    assertEquals(await heldBy(client, 20_002), { items: "0", most: "0" });
  });

  await t.step("a key that is there already is 409, and none of the rows is applied", async () => {
    assertEquals((await give(20_003, things(1))).status, 200);
    for (const headers of [{}, { "realmgate-fence": "raid:9=9" }]) {
      const items = [...things(20, 1), ...things(1)];
      const { status, body } = await give(20_003, items, headers);
      assertEquals([status, body["code"], body["outcome"]], [
        409,
        "constraint_violation",
        "not_applied",
      ]);
      assertEquals(body["constraint"], { kind: "unique", name: "PRIMARY" });
      assertEquals(await heldBy(client, 20_003), { items: "1", most: "1" });
    }
    const fenced = await give(20_003, things(20, 1), { "realmgate-fence": "raid:9=10" });
    assertEquals([fenced.status, fenced.body["affectedRows"]], [200, 20]);
    assertEquals(
      (await give(20_003, things(1, 50), { "realmgate-fence": "raid:9=9" })).status,
      412,
    );
    assertEquals(await heldBy(client, 20_003), { items: "21", most: "1" });
  });

  await t.step("what a cache had of it is dropped", async () => {
    const list = async () => {
      const { headers, body } = await client.get("/v1/query/inventory.list?playerId=20004");
      return {
        cached: headers.get("realmgate-source") === "cache",
        rows: body["data"] as unknown[],
      };
    };
    await eventually(async () => (await list()).cached);
    assertEquals((await give(20_004, things(30))).status, 200);
    await eventually(async () => (await list()).rows.length === 30);
  });

  await t.step("RETURNING answers each row in its order, and secrets are not shown", async () => {
    const events = Array.from({ length: 12 }, (_, n) => ({ kind: `k${n}`, payload: { n } }));
    const { status, body } = await client.exec("test.spend", { playerId: 7, events });
    assertEquals([status, body["affectedRows"], body["insertId"]], [200, 12, null]);
    const rows = body["rows"] as { id: string; kind: string; payload: unknown }[];
    assertEquals(
      rows.map(({ kind, payload }) => ({ kind, payload })),
      events.map((event) => ({
        ...event,
        kind: event.kind.toUpperCase(),
      })),
    );
    assertEquals(rows.map(({ id }) => id), rows.map((_, n) => String(Number(rows[0]?.id) + n)));
    const refused = await client.exec("test.spend", {
      playerId: 7,
      events: [{ kind: "hunter2", payload: "x".repeat(70_000) }, "hunter2"],
    });
    assertEquals((errorsOf(refused) as unknown[]).length, 2);
    assert(!refused.text.includes("hunter2"));
  });

  await t.step("insertId is the first row's, in a batch too", async () => {
    const params = { playerId: 8, events: [{ kind: "a" }, { kind: "b" }, { kind: "c" }] };
    const first = await client.exec("test.log", params);
    assertEquals([first.status, first.body["affectedRows"]], [200, 3]);
    const calls = [{ statement: "test.log", params }, { statement: "test.log", params: {} }];
    const { body } = await client.post("/v1/batch", { calls });
    const [done, refused] = body["results"] as { status: number; body: Record<string, unknown> }[];
    assertEquals([done?.status, done?.body["affectedRows"], refused?.status], [200, 3, 400]);
    assert(Number(done?.body["insertId"]) >= Number(first.body["insertId"]) + 3);
  });

  await t.step("no address and no body past 1 MiB carries rows", async () => {
    assertEquals((await client.get("/v1/exec/test.give?items=1")).status, 404);
    const [fault] = errorsOf(
      await client.get("/v1/route/test.give?playerId=1&items=1"),
    ) as { detail: string }[];
    assertEquals(fault?.detail, 'must be sent by POST, received "1"');
    const large = things(1_000).map((item) => ({ ...item, itemId: "x".repeat(1_100) }));
    assertEquals((await give(20_005, large)).status, 413);
  });

  await t.step(
    "ids are unique over 2 processes of 2 isolates, and route to their rows",
    async () => {
      const clients = [client, second.client];
      const answers: Answer[] = [];
      for (let wave = 0; wave < 10; wave++) {
        const sent = Array.from({ length: 40 }, (_, n) => {
          return (clients[n % 2] as Client).exec("player.create", {
            name: `made ${wave * 40 + n}`,
          });
        });
        answers.push(...await Promise.all(sent));
      }
      const ids = answers.map(({ status, body, text }) => {
        assertEquals(status, 200, text);
        assertEquals([body["affectedRows"], body["insertId"]], [1, null]);
        const id = (body["generated"] as Record<string, string>)["playerId"] ?? "";
        assert(/^\d{16,19}$/.test(id), id);
        return id;
      });
      const calls = Array.from({ length: 100 }, () => {
        return { statement: "player.create", params: { name: "batched" } };
      });
      const batches = await Promise.all(clients.map((each) => each.post("/v1/batch", { calls })));
      for (const { body } of batches) {
        for (const { body: made } of body["results"] as { body: Record<string, unknown> }[]) {
          ids.push((made["generated"] as Record<string, string>)["playerId"] ?? "");
        }
      }
      assertEquals(new Set(ids).size, 600);
      const shards = new Set(answers.map(({ headers }) => headers.get("realmgate-shard")));
      assertEquals([...shards].sort(), ["s1", "s2"]);
      const strong = { "realmgate-consistency": "strong" };
      for (const n of [0, 1, 198, 399]) {
        const read = await second.client.get(`/v1/query/player.get?playerId=${ids[n]}`, strong);
        const { id, name } = read.body["data"] as Record<string, unknown>;
        assertEquals([id, name], [ids[n], `made ${n}`]);
        const route = await client.get(`/v1/route/player.get?playerId=${ids[n]}`);
        assertEquals(route.body["shard"], answers[n]?.headers.get("realmgate-shard"));
      }
    },
  );

  await t.step("an id of the caller's own is taken, and answered by nobody", async () => {
    const own = await client.exec("player.create", { playerId: "30001", name: "own" });
    assertEquals(own.body, { affectedRows: 1, insertId: null });
    const again = await client.exec("player.create", { playerId: "30001", name: "own" });
    assertEquals([again.status, again.body["code"]], [409, "constraint_violation"]);
    const dry = await client.get("/v1/route/player.create?name=dry");
    assertEquals(errorsOf(dry), [{ param: "playerId", detail: "is required" }]);
  });

  await t.step(
    "without Redis ids are made of what is left, and callers' own are taken",
    async () => {
      realm.realm.stack.redis.kill();
      const own = await client.exec("player.create", { playerId: "30002", name: "own" });
      assertEquals([own.status, own.body["generated"]], [200, undefined]);
      const { status, body } = await client.exec("player.create", { name: "left" });
      // An isolate that made none before has none left.
      if (status === 200) assertEquals(Object.keys(body["generated"] as object), ["playerId"]);
      else {
        assertEquals([status, body["code"], body["outcome"], body["retry"]], [
          503,
          "redis_unavailable",
          "not_applied",
          "later",
        ]);
      }
    },
  );
});
