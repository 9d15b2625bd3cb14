import { assert, assertEquals } from "@std/assert";
import { systemClock } from "../../src/core/clock.ts";
import type { Log } from "../../src/core/log.ts";
import { silentLog } from "../../src/core/log.ts";
import { type AuditEntry, AuditLog } from "../../src/monitor/audit_log.ts";
import { withRedis } from "../drivers/redis_fixture.ts";
import { Client } from "../support/client.ts";
import { eventually } from "../support/eventually.ts";
import { assertProblem } from "../support/problem.ts";
import { withReader } from "../support/reader_key.ts";
import { realmWith, testRealm } from "../support/realm.ts";

const AUDIT = "/v1/admin/audit";

async function entriesOf(client: Client, query = ""): Promise<readonly AuditEntry[]> {
  const { status, body, text } = await client.get(`${AUDIT}${query}`);
  assertEquals(status, 200, text);
  return body["entries"] as AuditEntry[];
}

/** What the fields of an `audit` line of the log are, without those that differ each time. */
function auditLines(logs: readonly string[]): string[] {
  return logs.filter((line) => line.includes('"message":"audit"')).map((line) => {
    const { action, target, outcome } = JSON.parse(line).args;
    return `${action} ${target} ${outcome}`;
  });
}

Deno.test("the audit log on running services", async (t) => {
  const folder = await withReader(await realmWith(""), "key-without-admin");
  await using realm = await testRealm({ realm: folder });
  const { service, client } = await realm.serve({ isolates: 2 });
  const { client: other } = await realm.serve({ isolates: 1 });
  const reader = new Client(service.url, "key-without-admin");
  const maintain = "/v1/partitions/event_log/maintain";
  const drain = "/v1/admin/nodes/s1b/drain";
  const invalidate = "/v1/caches/players/invalidate";

  await t.step("is empty before anybody did anything", async () => {
    assertEquals(await entriesOf(client), []);
  });

  await t.step("has what operators did, the newest first, for every process", async () => {
    const began = Date.now();
    await client.post("/v1/locks/raid:7", { ttlMs: 60_000 });
    const done = [
      await client.post(drain, { drain: true }),
      await other.post(drain, { drain: false }),
      await client.delete("/v1/locks/raid:7?force=true"),
      await client.delete("/v1/locks/raid:7?force=true"),
      await client.post(maintain, {}),
      await client.post(invalidate, { keys: ["a"], tags: ["player:1", "player:2"] }),
      await client.post(invalidate, { all: true }),
    ];
    assertEquals(done.map(({ status }) => status), done.map(() => 200));
    const entries = await eventually(async () => {
      const entries = await entriesOf(other);
      return entries.length >= done.length ? entries : undefined;
    });
    const told = entries.map(({ action, target, outcome }) => [action, target, outcome].join(" "));
    assertEquals(told, [
      "cache.invalidate players done",
      "cache.invalidate players done",
      "partition.maintain event_log done",
      "lock.release raid:7 done",
      "lock.release raid:7 done",
      "node.undrain s1b done",
      "node.drain s1b done",
    ]);
    const details = entries.map(({ detail }) => detail);
    assertEquals(details.slice(0, 2), ["all of it", "1 keys, 2 tags"]);
    assertEquals(details.slice(3, 5), ["nobody held it", undefined]);
    assert(details[2] !== undefined && details[6]?.startsWith("no other replica of s1"));
    for (const { by, at } of entries) {
      assertEquals([by, at >= began && at <= Date.now()], ["development", true]);
    }
    assertEquals(new Set(entries.map(({ id }) => id)).size, entries.length);
    assertEquals(await entriesOf(client, "?limit=2"), entries.slice(0, 2));
  });

  await t.step("has what failed, with the code", async () => {
    assertProblem(
      await client.post("/v1/admin/nodes/s1a/drain", { drain: true }),
      400,
      "invalid_request",
    );
    assertProblem(
      await client.post("/v1/admin/nodes/s9z/drain", { drain: true }),
      404,
      "not_found",
    );
    assertProblem(await client.post("/v1/partitions/nothing/maintain", {}), 404, "not_found");
    await eventually(async () => {
      const entries = await entriesOf(client, "?limit=3");
      const told = entries.map(({ action, target, outcome }) =>
        [action, target, outcome].join(" ")
      );
      assertEquals(told.toSorted(), [
        "node.drain s1a invalid_request",
        "node.drain s9z not_found",
        "partition.maintain nothing not_found",
      ]);
      return true;
    });
  });

  await t.step("leaves out what is no operator's action", async () => {
    const before = await entriesOf(client);
    const { body: { token } } = await client.post("/v1/locks/raid:8", { ttlMs: 60_000 });
    const others = [
      await reader.post(invalidate, { keys: ["a"] }),
      await client.post(maintain, { dryRun: true }),
      await client.delete("/v1/locks/raid:8", { "realmgate-lock-token": String(token) }),
    ];
    assertEquals(others.map(({ status }) => status), [200, 200, 200]);
    assertProblem(await reader.post(drain, { drain: true }), 403, "forbidden");
    assertProblem(await client.post(drain, {}), 400, "invalid_request");
    // What was done before it is in the log before it.
    await client.post(invalidate, { keys: ["last"] });
    const after = await eventually(async () => {
      const entries = await entriesOf(client);
      return entries.length > before.length ? entries : undefined;
    });
    assertEquals([after.length, after[0]?.detail], [before.length + 1, "1 keys, 0 tags"]);
  });

  await t.step("is shown to administrators, up to 500 entries", async () => {
    assertProblem(await reader.get(AUDIT), 403, "forbidden");
    for (const limit of ["0", "501", "x", ""]) {
      assertProblem(await client.get(`${AUDIT}?limit=${limit}`), 400, "invalid_request");
    }
    assertEquals((await client.get(`${AUDIT}?limit=500`)).status, 200);
  });

  await t.step("is a line in the log, also while Redis is away", async () => {
    assert(auditLines(service.logs).includes("lock.release raid:7 done"));
    await realm.realm.stack.redis.stop();
    const failed = await eventually(async () => {
      const answer = await client.post(drain, { drain: true });
      return answer.status === 503 ? answer : undefined;
    });
    assertProblem(failed, 503, "redis_unavailable");
    await eventually(() => auditLines(service.logs).includes("node.drain s1b redis_unavailable"));
    assertProblem(await client.get(AUDIT), 503, "redis_unavailable");
  });
});

Deno.test("AuditLog keeps some 10,000 entries when more are noted", async () => {
  await withRedis(async (_server, connect) => {
    const redis = connect({ timeoutMs: 5_000 });
    await redis.start();
    const audit = new AuditLog({ fleet: "test", redis, clock: systemClock, log: silentLog });
    const note = (n: number) =>
      audit.record({ by: "o", action: "lock.release", target: `lock:${n}`, outcome: "done" });
    for (let n = 0; n < 11_000; n++) {
      note(n);
      // A reply is behind those of what was sent before it.
      if (n % 500 === 499) await audit.latest(1);
    }
    const entries = await audit.latest(20_000);
    assertEquals([entries[0]?.target, entries[9_999]?.target], ["lock:10999", "lock:1000"]);
    assert(entries.length < 10_200, `${entries.length} are kept`);
  });
});

Deno.test("AuditLog notes in the log alone what it cannot send, and never fails", async () => {
  await withRedis(async (server, connect) => {
    const lines: unknown[] = [];
    const log: Log = { ...silentLog, info: (message, fields) => lines.push([message, fields]) };
    const redis = connect();
    await redis.start();
    const audit = new AuditLog({ fleet: "test", redis, clock: systemClock, log });
    const note = (target: string) =>
      audit.record({ by: "o", action: "node.drain", target, outcome: "done" });
    // A server that hangs holds entries up; so many are on their way at most.
    server.kill("SIGSTOP");
    for (let n = 0; n < 1_500; n++) note(`s${n}`);
    server.kill("SIGCONT");
    const entries = await eventually(async () => {
      const entries = await audit.latest(20_000);
      return entries.length > 0 ? entries : undefined;
    });
    assertEquals([lines.length, entries.length <= 1_000], [1_500, true]);
    note("x".repeat(10_000));
    await eventually(async () => (await audit.latest(1))[0]?.target === "x".repeat(200));
    await server.stop();
    await eventually(() => redis.state === "down");
    note("while it is down");
    assertEquals(lines.length, 1_502);
  });
});
