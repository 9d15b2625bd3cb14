import { assert, assertEquals } from "@std/assert";
import { createHmac } from "node:crypto";
import type { MariadbServer } from "../../deploy/local/mariadb_server.ts";
import { pause, systemClock } from "../../src/core/clock.ts";
import type { Alert } from "../../src/monitor/alert.ts";
import type { Client } from "../support/client.ts";
import { eventually } from "../support/eventually.ts";
import { realmWith, type TestRealm, testRealm } from "../support/realm.ts";

const SECRET = "a secret of some length";

const STATEMENTS = `-- name: test.one :one
-- @shard :playerId
-- @param playerId bigint
SELECT id, gold FROM players WHERE id = :playerId;

-- name: test.gold :exec
-- @shard :playerId
-- @param playerId bigint
UPDATE players SET gold = gold + 1 WHERE id = :playerId;

-- name: test.visits :one
-- @shard s1
-- @param playerId bigint example=42
SELECT COUNT(*) AS visits FROM visits WHERE player_id = :playerId;

-- name: test.hold :one
-- @shard s1
-- @param playerId bigint
-- @read primary
SELECT id, SLEEP(0.5) AS slept FROM players WHERE id = :playerId;
`;

const VISITS = `
CREATE TABLE visits (id BIGINT AUTO_INCREMENT PRIMARY KEY, player_id BIGINT NOT NULL,
  place VARCHAR(40) NOT NULL, KEY by_player (player_id));
INSERT INTO visits (player_id, place) SELECT seq % 10000, REPEAT('x', 40) FROM seq_1_to_250000;
ANALYZE TABLE visits`;

/** How much longer a fault lasts once it was told of: what it would cause later shows in that time. */
const FAULT_MS = 4_000;

/** A receiver of webhooks that checks their signatures. */
function receiveWebhooks() {
  const notices: { readonly type: string; readonly alert: Alert }[] = [];
  const unsigned: string[] = [];
  const server = Deno.serve({ hostname: "127.0.0.1", port: 0, onListen() {} }, async (request) => {
    const body = await request.text();
    const { headers } = request;
    const signed = `${headers.get("webhook-id")}.${headers.get("webhook-timestamp")}.${body}`;
    const signature = createHmac("sha256", SECRET).update(signed).digest("base64");
    if (headers.get("webhook-signature") !== `v1,${signature}`) unsigned.push(body);
    const { type, data } = JSON.parse(body);
    notices.push({ type, alert: data.alert });
    return new Response(null, { status: 204 });
  });
  return { notices, unsigned, port: server.addr.port, stop: () => server.shutdown() };
}

/** Calls of every kind, some forty a second, for as long as it is not stopped. */
function startTraffic(client: Client) {
  const state = { stop: false, calls: 0 };
  const call = async (n: number) => {
    await client.get(`/v1/query/test.one?playerId=${n}`);
    await client.get(`/v1/query/player.get?playerId=${n}`);
    await client.get(`/v1/query/test.visits?playerId=${n}`);
    await client.exec("test.gold", { playerId: n });
    const { body: { token } } = await client.post(`/v1/locks/raid:${n}`, { ttlMs: 10_000 });
    if (token !== undefined) {
      await client.delete(`/v1/locks/raid:${n}`, { "realmgate-lock-token": `${token}` });
    }
    state.calls += 6;
  };
  const run = async (offset: number) => {
    for (let n = offset; !state.stop; n += 2) {
      await call(1 + n % 10_000);
      await pause(systemClock, 250);
    }
  };
  const runs = Promise.all([run(0), run(1)]);
  return {
    get calls() {
      return state.calls;
    },
    async stop() {
      state.stop = true;
      await runs;
    },
  };
}

async function alertsOf(client: Client): Promise<readonly Alert[]> {
  const { body } = await client.get("/v1/monitor/alerts");
  return body["alerts"] as readonly Alert[];
}

/** What an alert is, in a word: its rule and what it is about. */
function nameOf({ rule, subject }: Alert): string {
  return `${rule} ${subject.node ?? subject.statement ?? subject.shard ?? "fleet"}`;
}

function servers({ realm }: TestRealm): Readonly<Record<string, MariadbServer>> {
  const all = realm.stack.shards.flatMap(({ primary, replicas }) => [primary, ...replicas]);
  return Object.fromEntries(all.map((server) => [server.name, server]));
}

Deno.test("Service raises one alert for each fault, and clears it", async (t) => {
  const webhooks = receiveWebhooks();
  const folder = await realmWith(STATEMENTS);
  const file = `${folder}/realmgate.yaml`;
  const clear = ["node_down", "replication_stopped", "split_brain", "redis_down", "pool_saturated"]
    .map((rule) => `    ${rule}: { clear: 3s }\n`).join("");
  await Deno.writeTextFile(
    file,
    `${await Deno.readTextFile(file)}
alerts:
  rules:
${clear}    statement_slow: { clear: 3s }
  webhooks:
    - { url: "http://127.0.0.1:${webhooks.port}/", secret: "${SECRET}" }
`,
  );
  await using realm = await testRealm({ realm: folder });
  const { s1a, s1b, s2b } = servers(realm);
  if (s1a === undefined || s1b === undefined || s2b === undefined) throw new Error("no servers");
  const database = realm.realm.stack.database;
  for (const sql of VISITS.trim().split(";\n")) {
    await s1a.sql(sql.replaceAll(/ visits /g, ` ${database}.visits `));
  }
  const { client } = await realm.serve({
    isolates: 2,
    env: { REALMGATE_POOL_MAX: "4", REALMGATE_POOL_WAITERS: "2" },
  });
  const traffic = startTraffic(client);
  const seen = new Set<string>();

  /** Makes faults, and mends them; each must have raised its alert, and nothing else. */
  const fault = async (
    expected: readonly (string | RegExp)[],
    make: () => Promise<void> | void,
    mend: () => Promise<void> | void,
  ) => {
    const raisedNow = async () => (await alertsOf(client)).filter(({ id }) => !seen.has(id));
    const matches = (alerts: readonly Alert[]) =>
      expected.every((name) => alerts.some((alert) => new RegExp(name).test(nameOf(alert))));
    await make();
    await eventually(async () => matches(await raisedNow()), {
      withinMs: 25_000,
      what: `the alerts ${expected.join(", ")}`,
    });
    const before = traffic.calls;
    await pause(systemClock, FAULT_MS);
    await eventually(() => traffic.calls > before + 20);
    await mend();
    const told = (alerts: readonly Alert[]) =>
      alerts.map((alert) => `${nameOf(alert)} ${alert.state}: ${alert.summary}`).join("\n");
    try {
      await eventually(async () => (await raisedNow()).every(({ state }) => state === "cleared"), {
        // A plan that was found worse is looked at again with the next minute.
        withinMs: 90_000,
      });
    } catch {
      throw new Error(`Alerts were not cleared:\n${told(await raisedNow())}`);
    }
    const raised = await raisedNow();
    assertEquals(raised.length, expected.length, told(raised));
    for (const { id } of raised) seen.add(id);
  };

  try {
    await t.step("a service that is fine raises nothing", async () => {
      await eventually(() => traffic.calls > 100, { withinMs: 60_000 });
      assertEquals((await alertsOf(client)).map(nameOf), []);
    });

    await t.step("a replica is killed, and another's SQL thread is stopped", async () => {
      await fault(["node_down s1b", "replication_stopped s2b"], async () => {
        s1b.kill("SIGKILL");
        await s2b.sql("STOP SLAVE SQL_THREAD");
      }, async () => {
        await s1b.restart();
        await s2b.sql("START SLAVE SQL_THREAD");
      });
    });

    await t.step("a second node is writable, and a pool is exhausted", async () => {
      const holders = { stop: false };
      let held: Promise<unknown> = Promise.resolve();
      await fault(["split_brain s2", "pool_saturated s1a"], async () => {
        await s2b.sql("SET GLOBAL read_only = 0");
        const hold = async (id: number) => {
          while (!holders.stop) {
            await client.get(`/v1/query/test.hold?playerId=${id}`);
            await pause(systemClock, 20);
          }
        };
        held = Promise.all(Array.from({ length: 40 }, (_, n) => hold(n + 1)));
      }, async () => {
        await s2b.sql("SET GLOBAL read_only = 1");
        holders.stop = true;
        await held;
      });
    });

    await t.step("a statement is slow, for its index was dropped", async () => {
      await fault([/(statement_slow|plan_change) test.visits/.source], async () => {
        await s1a.sql(`ALTER TABLE ${database}.visits DROP INDEX by_player`);
      }, async () => {
        await s1a.sql(`ALTER TABLE ${database}.visits ADD INDEX by_player (player_id)`);
      });
    });

    await t.step("Redis is paused", async () => {
      const { redis } = realm.realm.stack;
      await fault(["redis_down fleet"], () => {
        redis.kill("SIGSTOP");
      }, () => {
        redis.kill("SIGCONT");
      });
    });

    await t.step(
      "webhooks heard of each, once when it began and once when it was over",
      async () => {
        await eventually(() => webhooks.notices.length >= 2 * seen.size);
        const heard = webhooks.notices.map(({ type, alert }) => `${alert.id} ${type}`).sort();
        const expected = [...seen].flatMap((id) => [`${id} alert.cleared`, `${id} alert.raised`]);
        assertEquals(heard, expected.sort());
        assertEquals(webhooks.unsigned, []);
        assert(seen.size === 6);
      },
    );
  } finally {
    await traffic.stop();
    await webhooks.stop();
  }
});
