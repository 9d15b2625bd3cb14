import { assert, assertEquals } from "@std/assert";
import type { MariadbServer } from "../../deploy/local/mariadb_server.ts";
import { follow } from "../../deploy/local/replication.ts";
import type { Answer, Client } from "../support/client.ts";
import { eventually } from "../support/eventually.ts";
import { promote } from "../support/promote.ts";
import { realmWith, type TestRealm, testRealm } from "../support/realm.ts";
import { lockRow, type RowLock } from "../support/row_lock.ts";

const STATEMENTS = `
-- name: test.append :exec
-- @shard :playerId
-- @param playerId bigint
INSERT INTO event_log (player_id, kind, payload, at)
VALUES (:playerId, 'returned', '{}', UTC_TIMESTAMP()) RETURNING id;

-- name: test.mine :one
-- @shard :playerId
-- @param playerId bigint
-- @read session
SELECT gold FROM players WHERE id = :playerId;

-- name: test.uncached :one
-- @shard :playerId
-- @param playerId bigint
SELECT gold FROM players WHERE id = :playerId;
`;

/** A player of the first shard, and that shard's servers. */
interface Setting {
  readonly client: Client;
  readonly playerId: number;
  readonly primary: MariadbServer;
  readonly replica: MariadbServer;
}

async function settingOf(realm: TestRealm, client: Client): Promise<Setting> {
  const shard = realm.realm.stack.shards[0];
  const replica = shard?.replicas[0];
  if (shard === undefined || replica === undefined) throw new Error("the stack lacks a node");
  const [row] = await shard.primary.sql("SELECT MIN(id) AS id FROM players");
  return { client, playerId: Number(row?.["id"]), primary: shard.primary, replica };
}

const tokenOf = ({ headers }: Answer): string => headers.get("realmgate-token") ?? "";
const textOf = (answer: Answer): string => atob(tokenOf(answer));
const sourceOf = ({ headers }: Answer) => headers.get("realmgate-source");
const goldOf = ({ body }: Answer) => (body["data"] as { gold: string }).gold;

function addGold({ client, playerId }: Setting, headers = {}): Promise<Answer> {
  return client.exec("player.add_gold", { playerId, amount: 1 }, headers);
}

function read({ client, playerId }: Setting, token: string, more = {}): Promise<Answer> {
  return client.get(`/v1/query/player.get?playerId=${playerId}`, {
    "realmgate-consistency": "session",
    "realmgate-token": token,
    ...more,
  });
}

/** Whether a session read of the service waits at a server. */
async function someoneWaits(server: MariadbServer): Promise<boolean> {
  const rows = await server.sql(
    "SELECT id FROM information_schema.processlist WHERE info LIKE 'SELECT MASTER_GTID_WAIT%'",
  );
  return rows.length > 0;
}

/** The number of the newest transaction that a token tells of. */
function sequenceOf(text: string): bigint {
  const [, sequence] = /^1;s1:\d+:0-\d+-(\d+)$/.exec(text) ?? [];
  if (sequence === undefined) throw new Error(`not a token of one write: ${text}`);
  return BigInt(sequence);
}

async function binlogSequence({ primary }: Setting): Promise<bigint> {
  const [row] = await primary.sql("SELECT @@gtid_binlog_pos AS at");
  return BigInt(String(row?.["at"]).split("-")[2] ?? "0");
}

Deno.test("session reads on a running service", async (t) => {
  const folder = await realmWith(STATEMENTS);
  await using realm = await testRealm({ realm: folder });
  const { client } = await realm.serve({ isolates: 1 });
  const setting = await settingOf(realm, client);
  const { playerId, primary, replica } = setting;

  await t.step("every kind of write answers a token that covers it", async () => {
    const other = await client.exec("player.add_gold", { playerId: playerId + 1, amount: 1 });
    assertEquals(other.status, 200);
    const writes: [string, () => Promise<Answer>][] = [
      ["a plain write", () => addGold(setting)],
      ["a fenced write", () => addGold(setting, { "realmgate-fence": "raid=1" })],
      ["RETURNING", () => client.exec("test.append", { playerId })],
      [
        "a fenced RETURNING",
        () => client.exec("test.append", { playerId }, { "realmgate-fence": "raid=2" }),
      ],
    ];
    for (const [what, write] of writes) {
      const before = await binlogSequence(setting);
      const answer = await write();
      assertEquals(answer.status, 200, answer.text);
      assert(sequenceOf(textOf(answer)) > before, what);
    }
    // It saw that the version is another one, and its caller relies on that.
    const before = await binlogSequence(setting);
    const params = { playerId, version: 2_000_000, level: 2, xp: 1 };
    const unchanged = await client.exec("player.update_if_version", params);
    assertEquals(unchanged.body["affectedRows"], 0);
    assert(sequenceOf(textOf(unchanged)) >= before);
    assertEquals(tokenOf(await read(setting, tokenOf(unchanged))), "", "reads have none");
    const refused = await client.exec("player.create", { playerId, name: "twice" });
    assertEquals([refused.status, tokenOf(refused)], [409, ""]);
  });

  await t.step("a write answers what it was sent, and its own", async () => {
    const elsewhere = btoa("1;s9:5:0-9-9").replaceAll("=", "");
    const first = await addGold(setting);
    const second = await addGold(setting, { "realmgate-token": `${elsewhere}, ${tokenOf(first)}` });
    const [, unknown, own] = textOf(second).split(";");
    assertEquals(unknown, "s9:5:0-9-9", "another configuration may know the shard");
    assert(sequenceOf(`1;${own}`) > sequenceOf(textOf(first)));
    assertEquals((await read(setting, elsewhere)).status, 200);
  });

  await t.step("a batch answers one token for all of its writes", async () => {
    const params = { playerId, amount: 1 };
    const add = { statement: "player.add_gold", params };
    const [other] = await realm.realm.stack.shards[1]?.primary.sql(
      "SELECT MIN(id) AS id FROM players",
    ) ?? [];
    const answer = await client.post("/v1/batch", {
      calls: [
        add,
        { statement: "player.get", params: { playerId } },
        { ...add, params: { ...params, playerId: other?.["id"] } },
        add,
      ],
    });
    const entries = textOf(answer).split(";").slice(1).sort();
    assertEquals(entries.map((entry) => entry.slice(0, 2)), ["s1", "s2"]);
    assert(sequenceOf(`1;${entries[0]}`) <= await binlogSequence(setting));
    const reads = await client.post("/v1/batch", {
      calls: [{ statement: "player.get", params: { playerId } }],
    });
    assertEquals(tokenOf(reads), "");
  });

  await t.step("a replica that is there answers", async () => {
    const written = await addGold(setting);
    const answer = await eventually(async () => {
      const answer = await read(setting, tokenOf(written));
      return sourceOf(answer) === "replica" ? answer : undefined;
    });
    assertEquals(
      goldOf(answer),
      goldOf(
        await read(setting, "", {
          "realmgate-consistency": "strong",
          "realmgate-token": tokenOf(written),
        }),
      ),
    );
  });

  await t.step("a read waits for a replica that gets there in time, and reads there", async () => {
    await eventually(async () => {
      await using lock = await lockRow(replica, playerId);
      const written = await addGold(setting);
      const waiting = read(setting, tokenOf(written));
      const waited = await someoneWaits(replica);
      await lock.release();
      const answer = await waiting;
      const strong = await read(setting, tokenOf(written), { "realmgate-consistency": "strong" });
      assertEquals(goldOf(answer), goldOf(strong));
      return waited && sourceOf(answer) === "replica";
    }, { withinMs: 20_000, what: "a read that waited at the replica and was answered there" });
  });

  await t.step("a read goes to the primary when the replica does not get there", async () => {
    await using _lock: RowLock = await lockRow(replica, playerId);
    const written = await addGold(setting);
    const strong = await read(setting, tokenOf(written), { "realmgate-consistency": "strong" });
    const began = performance.now();
    const answers = await Promise.all(
      Array.from({ length: 32 }, () => read(setting, tokenOf(written))),
    );
    console.log(`32 reads past a stalled replica took ${Math.round(performance.now() - began)} ms`);
    for (const answer of answers) {
      assertEquals([sourceOf(answer), goldOf(answer)], ["primary", goldOf(strong)]);
    }
    const eventual = await client.get(`/v1/query/test.uncached?playerId=${playerId}`, {
      "realmgate-token": tokenOf(written),
      "realmgate-consistency": "eventual",
    });
    assertEquals([sourceOf(eventual), goldOf(eventual) < goldOf(strong)], ["replica", true]);
    const path = `/v1/query/test.mine?playerId=${playerId}`;
    const marked = await client.get(path, { "realmgate-token": tokenOf(written) });
    assertEquals([sourceOf(marked), goldOf(marked)], ["primary", goldOf(strong)]);
    assertEquals(sourceOf(await client.get(path)), "replica", "@read session without a token");
  });

  await t.step("a malformed token is 400 and names the header", async () => {
    const good = tokenOf(await addGold(setting));
    for (
      const token of ["t", `${good}=`, `${good},,`, "a b", btoa("1;s1:x:0-1-1"), "A".repeat(5_000)]
    ) {
      for (
        const answer of [
          await read(setting, token),
          await addGold(setting, { "realmgate-token": token }),
        ]
      ) {
        assertEquals([answer.status, answer.body["code"]], [400, "invalid_request"], token);
        assertEquals(
          (answer.body["errors"] as { param: string }[])[0]?.param,
          "Realmgate-Token",
        );
      }
    }
  });

  await t.step(
    "a token of before a fail-over reads the primary, one of after it the replica",
    async () => {
      const old = await addGold(setting);
      await primary.sql("SET GLOBAL read_only = 1");
      await promote(replica);
      await follow(primary, replica);
      const written = await eventually(async () => {
        const answer = await addGold(setting);
        return answer.status === 200 ? answer : undefined;
      }, { withinMs: 20_000 });
      const epochOf = (answer: Answer) => BigInt(textOf(answer).split(":")[1] ?? "0");
      assert(epochOf(written) > epochOf(old));
      await eventually(async () => sourceOf(await read(setting, tokenOf(written))) === "replica");
      const answer = await read(setting, tokenOf(old));
      assertEquals([answer.status, sourceOf(answer)], [200, "primary"]);
      const both = await read(setting, `${tokenOf(old)},${tokenOf(written)}`);
      assertEquals([both.status, sourceOf(both)], [200, "primary"]);
      const merged = await addGold(setting, { "realmgate-token": tokenOf(old) });
      assertEquals(epochOf(merged), epochOf(written));
    },
  );

  await t.step(
    "a token of an epoch that is not known here waits for it, then reads the primary",
    async () => {
      const future = btoa("1;s1:9000000000000000000:0-1-1").replaceAll("=", "");
      const late = await read(setting, future, { "realmgate-deadline-ms": "300" });
      assertEquals([late.status, late.body["code"]], [504, "deadline_exceeded"]);
      const patient = await read(setting, future);
      assertEquals([patient.status, sourceOf(patient)], [200, "primary"]);
    },
  );
});
