import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { createHash } from "node:crypto";
import type { MariadbServer } from "../../deploy/local/mariadb_server.ts";
import { systemClock } from "../../src/core/clock.ts";
import { type Log, silentLog } from "../../src/core/log.ts";
import { systemRandom } from "../../src/core/random.ts";
import { ScopeWatch } from "../../src/core/scope.ts";
import { IoredisClient } from "../../src/drivers/ioredis_client.ts";
import { Mysql2Driver } from "../../src/drivers/mysql2_driver.ts";
import { DistributedLockManager } from "../../src/locks/distributed_lock_manager.ts";
import { unknownShard } from "../../src/routing/topology_view.ts";
import { PartitionUpkeep } from "../../src/service/partition_upkeep.ts";
import { shardSpecs } from "../../src/service/settings.ts";
import { type Answer, Client } from "../support/client.ts";
import { eventually } from "../support/eventually.ts";
import { realmWith, type TestRealm, testRealm } from "../support/realm.ts";

const TABLES = `
CREATE TABLE regions (id INT NOT NULL, region INT) PARTITION BY LIST (region) (
  PARTITION eu VALUES IN (1, 2), PARTITION us VALUES IN (3, NULL));
CREATE TABLE ranks (id INT NOT NULL, \`rank\` INT) PARTITION BY LIST (\`rank\`) (
  PARTITION none VALUES IN (0), PARTITION top VALUES IN (1, 2), PARTITION others DEFAULT);
CREATE TABLE seasons (id INT NOT NULL, season YEAR NOT NULL) PARTITION BY HASH (season) PARTITIONS 7;
CREATE TABLE lands (id INT NOT NULL, land VARCHAR(8) NOT NULL) PARTITION BY LIST COLUMNS (land) (
  PARTITION eu VALUES IN ('de', 'fr'), PARTITION others DEFAULT);
CREATE TABLE scores (id BIGINT NOT NULL PRIMARY KEY) PARTITION BY HASH (id) PARTITIONS 7;
CREATE TABLE keyed (id BIGINT NOT NULL PRIMARY KEY) PARTITION BY KEY (id) PARTITIONS 5;
CREATE TABLE old (at DATETIME NOT NULL PRIMARY KEY) PARTITION BY RANGE (TO_DAYS(at)) (
  PARTITION p20200101 VALUES LESS THAN (TO_DAYS('2020-01-02')),
  PARTITION by_hand VALUES LESS THAN (TO_DAYS('2020-02-02')));
`;

const DECLARED = `partitions:
  regions: { by: list, column: region }
  ranks: { by: list, column: rank }
  seasons: { by: hash, column: season }
  lands: { by: list, column: land }
  scores: { by: hash, column: id }
  keyed: { by: key, column: id }
  old: { by: range, column: at, period: day, ahead: 48h, keep: 3d }
`;

/** A key that may read, besides the one that may do everything. */
const READER = `apiKeys:
  - name: reader
    sha256: ${createHash("sha256").update("reader").digest("hex")}
    scopes: [read]
`;

const STATEMENTS = `
-- name: region.add :exec
-- @shard s1
-- @param region int
INSERT INTO regions (id, region) VALUES (1, :region);
-- name: rank.add :exec
-- @shard s1
-- @param rank int
INSERT INTO ranks (id, \`rank\`) VALUES (1, :rank);
-- name: season.add :exec
-- @shard s1
-- @param season int
INSERT INTO seasons (id, season) VALUES (1, :season);
-- name: land.add :exec
-- @shard s1
-- @param land string
INSERT INTO lands (id, land) VALUES (1, :land);
-- name: score.add :exec
-- @shard s1
-- @param id bigint
REPLACE INTO scores (id) VALUES (:id);
-- name: key.add :exec
-- @shard s1
-- @param id bigint
INSERT INTO keyed (id) VALUES (:id);
-- name: key.get :one
-- @shard s1
-- @param id bigint
SELECT k.id FROM keyed AS k WHERE k.id = :id;
-- name: key.both :many
-- @shard s1
-- @param id bigint example=3
SELECT k.id FROM keyed k JOIN scores s ON s.id = k.id WHERE k.id = :id;
-- name: region.all :many
-- @shard s1
-- @param id int
SELECT region FROM regions WHERE id = :id;
-- name: region.some :many
-- @shard s1
-- @param regions int[]
SELECT id FROM regions WHERE region IN (:regions);
-- name: event.since :many
-- @shard s1
-- @param since datetime example=2020-01-01T00:00:00Z
SELECT id FROM event_log WHERE at >= :since;
-- name: event.of_day :many
-- @shard s1
-- @param day date
SELECT id FROM event_log WHERE DATE(at) = :day OR kind = 'x';
-- name: event.at :many
-- @shard s1
-- @param at datetime
SELECT id FROM event_log WHERE at = :at;
-- name: event.forget :exec
-- @shard s1
-- @param before datetime
DELETE FROM event_log WHERE at < :before;
-- name: event.move :exec
-- @shard s1
-- @param at datetime
-- @param before datetime
UPDATE event_log SET at = :at WHERE at < :before AND at > :before;
-- name: event.now :exec
-- @shard s1
-- @param playerId bigint
INSERT INTO event_log (player_id, kind, payload, at) VALUES (:playerId, 'x', '{}', UTC_TIMESTAMP(3));
`;

async function partitionedRealm(): Promise<string> {
  const folder = await realmWith(STATEMENTS);
  await Deno.writeTextFile(`${folder}/migrations/004_partitioned.sql`, TABLES);
  const file = `${folder}/realmgate.yaml`;
  const text = await Deno.readTextFile(file);
  await Deno.writeTextFile(
    file,
    text.replace("partitions:\n", DECLARED).replace("apiKeys:\n", READER),
  );
  return folder;
}

interface Shard {
  readonly status: string;
  readonly partitions: readonly { readonly name: string; readonly values?: string }[];
  readonly plan: {
    readonly steps: readonly Record<string, unknown>[];
    readonly problems: readonly { readonly code: string }[];
  };
}

/** The tables of `GET /v1/partitions`, by name, as the first shard has them. */
function firstShards({ body }: Answer): Record<string, Shard> {
  const tables = body["tables"] as { table: string; shards: Shard[] }[];
  return Object.fromEntries(tables.map(({ table, shards }) => [table, shards[0] as Shard]));
}

const day = (ms: number) => new Date(ms).toISOString().slice(0, 10);

Deno.test("partitions over HTTP", async (t) => {
  const folder = await partitionedRealm();
  await using realm = await testRealm({ realm: folder });
  const primary = realm.realm.stack.shards[0]?.primary as MariadbServer;
  const may = async (what: "GRANT" | "REVOKE", table: string) => {
    const account = `${what === "GRANT" ? "TO" : "FROM"} realmgate@'%'`;
    for (const shard of realm.realm.stack.shards) {
      await shard.primary.sql(`${what} ALTER ON ${table} ${account}`);
    }
  };
  // The service's own schedule must not be first.
  for (const table of ["event_log", "old"]) await may("REVOKE", table);
  const { client } = await realm.serve({ isolates: 1 });
  const route = async (statement: string, params: Record<string, string>) =>
    (await client.get(`/v1/route/${statement}?${new URLSearchParams(params)}`)).body;

  /** Routes an insert, runs it, and says whether the row is where it was to be. */
  const lands = async (statement: string, params: Record<string, string>) => {
    const { partition } = await route(statement, params);
    const table = statement === "key.add" ? "keyed" : statement.replace(".add", "s");
    const count = async () => {
      const [row] = await primary.sql(
        `SELECT COUNT(*) AS n FROM ${table} PARTITION (${partition})`,
      );
      return Number(row?.["n"]);
    };
    const before = await count();
    const { status, text } = await client.exec(statement, params);
    assertEquals([status, await count()], [200, before + 1], `${JSON.stringify(params)} ${text}`);
    return partition;
  };

  await t.step("GET /v1/route names the partition that an insert's row lands in", async () => {
    assertEquals(await lands("region.add", { region: "2" }), "eu");
    assertEquals(await lands("region.add", { region: "3" }), "us");
    assertEquals(await lands("rank.add", { rank: "0" }), "none");
    assertEquals(await lands("rank.add", { rank: "2" }), "top");
    assertEquals(await lands("rank.add", { rank: "9" }), "others");
    assert(await lands("season.add", { season: "26" }));
    // Texts compare by the column's collation, which only the server can do.
    assertEquals(await lands("land.add", { land: "DE" }), "eu");
    assertEquals(await lands("land.add", { land: "nz" }), "others");
    for (const id of ["0", "1", "-9", "9223372036854775807", "-9223372036854775808"]) {
      assert(await lands("score.add", { id }));
    }
    for (const id of ["1", "77", "-3", "9007199254740993"]) assert(await lands("key.add", { id }));
    assertEquals(
      await route("region.add", { region: "9" }).then((r) => [r["partition"], r["why"]]),
      [
        "",
        ["@shard s1", "needs the primary", "partitions of regions: no partition takes its region"],
      ],
    );
  });

  await t.step("GET /v1/route says what EXPLAIN PARTITIONS says", async () => {
    const now = Date.now();
    const iso = (ms: number) => new Date(ms).toISOString();
    const sql = (text: string) => `'${text.slice(0, 19).replace("T", " ")}'`;
    const times = [now, now - 30 * 86_400_000, now + 86_400_000, now + 500 * 86_400_000];
    const cases: [string, Record<string, string>, string][] = [
      ["region.all", { id: "1" }, "SELECT region FROM regions WHERE id = 1"],
      ["region.some", { regions: "1" }, "SELECT id FROM regions WHERE region IN (1)"],
      ["key.get", { id: "77" }, "SELECT id FROM keyed WHERE id = 77"],
    ];
    for (const ms of times) {
      const at = sql(iso(ms));
      cases.push(["event.at", { at: iso(ms) }, `SELECT id FROM event_log WHERE at = ${at}`]);
      cases.push(["event.since", { since: iso(ms) }, `SELECT id FROM event_log WHERE at >= ${at}`]);
      cases.push(["event.forget", { before: iso(ms) }, `DELETE FROM event_log WHERE at < ${at}`]);
    }
    for (const [statement, params, text] of cases) {
      const [row] = await primary.sql(`EXPLAIN PARTITIONS ${text}`);
      const { partition } = await route(statement, params);
      assertEquals(partition, row?.["partitions"], `${statement} ${JSON.stringify(params)}`);
    }
    const today = `p${day(now).replaceAll("-", "")}`;
    assertEquals((await route("event.at", { at: iso(now) }))["partition"], today);
    const appended = await route("event.append", { playerId: "42", kind: "login", at: iso(now) });
    assertEquals(appended["partition"], today);
    assertEquals(appended["partitions"], [{
      table: "event_log",
      partitions: [today],
      of: 10,
      why: "where its at belongs",
    }]);
  });

  await t.step(
    "GET /v1/route tells of keys without a row, of joins, and what it cannot tell",
    async () => {
      const missing = await route("key.get", { id: "123456" });
      const [row] = await primary.sql("EXPLAIN PARTITIONS DELETE FROM keyed WHERE id = 123456");
      assertEquals(missing["partition"], row?.["partitions"]);
      const both = await route("key.both", { id: "1" });
      assertEquals((both["partitions"] as { table: string }[]).map(({ table }) => table), [
        "scores",
        "keyed",
      ]);
      const unknown = await route("event.now", { playerId: "42" });
      assertEquals([unknown["partition"], (unknown["partitions"] as unknown[])[0]], [null, {
        table: "event_log",
        partitions: null,
        of: 10,
        why: "the call has no parameter that tells what at is",
      }]);
      const moved = await route("event.move", {
        at: new Date().toISOString(),
        before: "2020-01-01T00:00:00Z",
      });
      assertEquals(moved["partition"], null);
      const other = await route("player.get", { playerId: "42" });
      assertEquals([other["partition"], Object.hasOwn(other, "partitions")], [null, false]);
    },
  );

  await t.step(
    "statements are warned of that touch every partition whatever they are called with",
    async () => {
      await eventually(async () => {
        const { body } = await client.get("/v1/statements/event.at");
        return body["columns"] !== null;
      });
      const warned: Record<string, string> = {};
      const { body } = await client.get("/v1/statements");
      for (
        const { name, warnings } of body["statements"] as { name: string; warnings: string[] }[]
      ) {
        const warning = warnings.find((text) => text.includes("partitions of"));
        if (warning !== undefined) warned[name] = warning;
      }
      assertEquals(warned, {
        "event.of_day":
          "reads all 10 partitions of event_log: compare at with a time, or a range of them",
        "region.all": "reads all 2 partitions of regions: compare region with a value",
      });
    },
  );

  await t.step("GET /v1/partitions shows what is there, and what is to be done", async () => {
    const tables = firstShards(await client.get("/v1/partitions"));
    const events = tables["event_log"];
    // The migration made yesterday, today and seven days more, before the catch-all.
    assertEquals([events?.status, events?.partitions.length, events?.plan.steps.length], [
      "blocked",
      10,
      7,
    ]);
    assertEquals(events?.plan.problems.map(({ code }) => code), ["missing_privilege"]);
    assertStringIncludes(String(events?.plan.steps[0]?.["sql"]), "REORGANIZE PARTITION `p_later`");
    assertEquals(tables["lands"]?.partitions.map(({ name, values }) => [name, values]), [
      ["eu", "'de','fr'"],
      ["others", "MAXVALUE"],
    ]);
    const old = tables["old"];
    assertEquals(
      old?.plan.steps.map(({ action, outcome }) => `${action} ${outcome}`),
      ["add planned", "add planned", "add planned", "drop planned"],
    );
    assertEquals(old?.plan.problems.map(({ code }) => code), [
      "missing_privilege",
      "foreign_partitions",
    ]);
  });

  await t.step("POST /v1/partitions/{table}/maintain does it, dry first", async () => {
    const path = "/v1/partitions/old/maintain";
    await may("GRANT", "old");
    const dry = await client.post(path, { dryRun: true });
    assertEquals([dry.status, dry.body["dryRun"]], [200, true]);
    const wet = await client.post(path, {});
    const shards = wet.body["shards"] as readonly Shard[];
    assertEquals([wet.status, wet.body["dryRun"], shards.map(({ status }) => status)], [
      200,
      false,
      ["ok", "ok"],
    ]);
    assertEquals(shards[1]?.plan.steps.map(({ outcome }) => outcome), Array(4).fill("done"));
    const today = Date.now();
    const names = [0, 1, 2].map((n) => `p${day(today + n * 86_400_000).replaceAll("-", "")}`);
    assertEquals(shards[1]?.partitions.map(({ name }) => name), ["by_hand", ...names]);
    const [replica] = realm.realm.stack.shards[1]?.replicas ?? [];
    await eventually(async () => {
      const rows = await replica?.sql(
        `SELECT table_name AS name, partition_name AS part FROM information_schema.partitions
           WHERE table_schema = DATABASE() AND table_name IN ('old', 'realmgate_retired_old')
           ORDER BY partition_ordinal_position`,
      ) ?? [];
      return rows.map(({ name, part }) => `${name} ${part}`).join() ===
        ["by_hand", ...names].map((part) => `old ${part}`).join();
    });
    for (const dryRun of [1, null, "true"]) {
      const refused = await client.post(path, { dryRun });
      assertEquals([refused.status, refused.body["code"]], [400, "invalid_request"]);
    }
    const foreign = await client.post("/v1/partitions/players/maintain", {});
    assertEquals([foreign.status, foreign.body["code"]], [404, "not_found"]);
  });

  await t.step("a call whose time is over before a primary answers is 504", async () => {
    const path = "/v1/partitions/old/maintain";
    primary.kill("SIGSTOP");
    try {
      for (const dryRun of [true, false]) {
        const { status, body } = await client.post(path, { dryRun }, {
          "realmgate-deadline-ms": "100",
        });
        assertEquals([status, body["code"], body["outcome"]], [
          504,
          "deadline_exceeded",
          "not_applied",
        ]);
      }
    } finally {
      primary.kill("SIGCONT");
    }
  });

  await t.step("a key that may only read sees no SQL, and changes nothing", async () => {
    const reader = new Client(client.url, "reader");
    const answer = await reader.get("/v1/partitions");
    assertEquals([answer.status, answer.text.includes("ALTER TABLE")], [200, false]);
    const refused = await reader.post("/v1/partitions/old/maintain", { dryRun: true });
    assertEquals([refused.status, refused.body["scope"]], [403, "admin"]);
  });

  await t.step("PartitionUpkeep does what is due, and says once what it may not do", async () => {
    await may("GRANT", "event_log");
    await primary.sql("REVOKE ALTER ON event_log FROM realmgate@'%'");
    await using upkeep = await scheduled(realm);
    await upkeep.run();
    await upkeep.run();
    assertEquals(upkeep.lines, [
      "s1 partitions not kept up",
      "s2 partitions planned",
      ...Array(7).fill("s2 partition changed"),
    ]);
  });
});

/** The scheduled upkeep of a realm's tables, and what it logs. */
async function scheduled({ realm: { config, stack } }: TestRealm) {
  await using cleanUp = new AsyncDisposableStack();
  const lines: string[] = [];
  const line: Log["info"] = (message, { shard } = {}) => lines.push(`${shard} ${message}`);
  const log: Log = { ...silentLog, info: line, warn: line };
  const world = { clock: systemClock, random: systemRandom, driver: new Mysql2Driver(), log };
  const watch = new ScopeWatch(world);
  cleanUp.defer(() => watch.close());
  const redis = new IoredisClient({
    ...world,
    log: silentLog,
    server: { kind: "url", url: stack.redis.url },
  });
  await redis.start();
  cleanUp.defer(() => redis.close());
  const locks = new DistributedLockManager({ ...world, redis, fleet: config.fleet, watch });
  await locks.initialize();
  cleanUp.defer(() => locks.shutdown());
  const shards = shardSpecs(config).map((spec) => ({
    ...unknownShard(spec),
    primary: spec.nodes[0]?.name ?? null,
  }));
  const topology = () => ({ at: 0, shards });
  const upkeep = new PartitionUpkeep({ config, ca: undefined, world, locks, topology });
  cleanUp.defer(() => upkeep.stop());
  const owned = cleanUp.move();
  return {
    lines,
    run: () => upkeep.run(),
    [Symbol.asyncDispose]: () => owned.disposeAsync(),
  };
}
