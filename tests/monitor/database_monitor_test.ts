import { assertEquals } from "@std/assert";
import { silentLog } from "../../src/core/log.ts";
import {
  DatabaseMonitor,
  type DatabaseMonitorOptions,
} from "../../src/monitor/database_monitor.ts";
import { FleetBoard, type ProcessBulletin } from "../../src/monitor/fleet_board.ts";
import { QueryMetrics } from "../../src/monitor/query_metrics.ts";
import { StatementTotals } from "../../src/monitor/statement_totals.ts";
import { redisCommand } from "../support/redis_command.ts";
import { ManualClock } from "../support/manual_clock.ts";
import { withRedis } from "../drivers/redis_fixture.ts";
import { systemClock } from "../../src/core/clock.ts";
import { eventually } from "../support/eventually.ts";

const GET = { statement: "player.get", shard: "s1", kind: "read" } as const;

function bulletin(id: string, options: { readonly calls: number }): ProcessBulletin {
  const clock = new ManualClock();
  const metrics = new QueryMetrics({ clock, slowMs: 1_000 });
  const totals = new StatementTotals();
  totals.take([], clock.now());
  for (let n = 0; n < options.calls; n++) {
    metrics.recordQuery({ ...GET, totalMs: 5, encodeMs: 0, rows: 1, bytes: 1 }, clock.now());
  }
  clock.advance(5_000);
  totals.take(metrics.report({ latency: true }), clock.now());
  return {
    process: {
      id,
      host: "host",
      pid: 1,
      version: "1",
      startedAt: 0,
      at: 1,
      onDuty: false,
      redisUp: true,
      rssBytes: 1,
      isolates: [],
    },
    statements: totals.list({ latency: true }),
    slow: [],
    servers: { s1b: { at: 1, threadsRunning: 77, bufferPoolHitRate: 1, replication: null } },
  };
}

/** A monitor of a process without isolates; `options` say what is different. */
function monitorOf(
  board: DatabaseMonitorOptions["board"],
  options: Partial<DatabaseMonitorOptions>,
): DatabaseMonitor {
  return new DatabaseMonitor({
    fleet: "f",
    identity: { id: "own", host: "host", pid: 2, version: "1", startedAt: 0 },
    clock: systemClock,
    log: silentLog,
    board,
    servers: { facts: {}, look: () => Promise.resolve(), clear() {} },
    isolates: () => Promise.resolve([]),
    topology: () => ({ at: 0, shards: [] }),
    duty: () => "theirs",
    redisUp: () => true,
    rssBytes: () => 1,
    alerts: () => [],
    judge: () => Promise.resolve(),
    ...options,
  });
}

Deno.test("DatabaseMonitor counts what a process that died had counted, and nothing of it as recent", () =>
  withRedis(async (server, connect) => {
    const redis = connect();
    await redis.start();
    const board = new FleetBoard({ fleet: "f", redis, clock: systemClock, log: silentLog });
    await board.tell(bulletin("other", { calls: 7 }));
    const monitor = monitorOf(board, {});
    const [alive] = (await monitor.fleet()).statements;
    assertEquals([alive?.since.calls, alive?.recent.calls, alive?.latency.total.count], [7, 7, 7]);
    // As if it had told that a minute ago.
    const [seconds] = (await redisCommand(server, "TIME")).split("\r\n").filter((l) =>
      /^\d+$/.test(l)
    );
    await redisCommand(server, `ZADD {f}:monitor:2:seen ${(Number(seconds) - 60) * 1_000} other`);
    const view = await eventually(async () => {
      const view = await monitor.fleet();
      return view.processes.some(({ state }) => state === "silent") ? view : undefined;
    });
    const [silent] = view.statements;
    assertEquals([silent?.since.calls, silent?.recent.calls, silent?.latency.total.count], [
      7,
      0,
      0,
    ]);
  }));

Deno.test("FleetBoard passes over what is no bulletin, and takes its own down", () =>
  withRedis(async (server, connect) => {
    const redis = connect();
    await redis.start();
    const board = new FleetBoard({ fleet: "f", redis, clock: systemClock, log: silentLog });
    await board.tell(bulletin("good", { calls: 1 }));
    for (const [id, text] of [["odd", '{"process":{"id":"odd"}}'], ["none", "x"]]) {
      await redisCommand(server, `HSET {f}:monitor:2 ${id} ${text}`);
      await redisCommand(server, `ZADD {f}:monitor:2:seen 99999999999999 ${id}`);
    }
    assertEquals(
      (await board.read({ except: "own", latency: false }))?.map(({ process }) => process.id),
      ["good"],
    );
    await board.leave("good");
    assertEquals(await board.read({ except: "own", latency: true }), []);
  }));

Deno.test("FleetBoard tells latencies by themselves, less often, to who asks for them", () =>
  withRedis(async (server, connect) => {
    const redis = connect();
    await redis.start();
    const board = new FleetBoard({ fleet: "f", redis, clock: systemClock, log: silentLog });
    const whole = bulletin("other", { calls: 3 });
    const statements = whole.statements.map((one) => ({ ...one, latency: undefined }));
    const read = async (latency: boolean) => {
      const [one] = await board.read({ except: "own", latency }) ?? [];
      return one?.statements.map(({ since, latency }) => [since.calls, latency?.total]);
    };
    const pairs = [[3, Array.from(whole.statements[0]?.latency?.total ?? [])]];
    await board.tell(whole);
    assertEquals(await read(true), pairs);
    assertEquals(await read(false), [[3, undefined]]);
    await board.tell({ ...whole, statements });
    assertEquals(await read(true), pairs, "they stay until they are told anew");
    assertEquals(await board.read({ except: "other", latency: true }), []);
    await board.leave("other");
    assertEquals(await redisCommand(server, "EXISTS {f}:monitor:2:latency"), ":0\r\n");

    // So many that their text is too long: the statements are told all the same.
    const many = Array.from({ length: 3_000 }, (_, at) => at).flatMap((at) => [at, 1]);
    const [one] = whole.statements;
    await board.tell({
      ...whole,
      statements: Array.from({ length: 50 }, (_, n) => ({
        ...one as NonNullable<typeof one>,
        statement: `statement.${n}`,
        latency: { total: many, queue: many, execute: many, encode: many },
      })),
    });
    const cut = await read(true);
    assertEquals([cut?.length, cut?.[0]], [50, [3, undefined]]);
  }));

Deno.test("FleetBoard tells without statements where they are too many", () =>
  withRedis(async (_server, connect) => {
    const redis = connect();
    await redis.start();
    const board = new FleetBoard({ fleet: "f", redis, clock: systemClock, log: silentLog });
    const one = bulletin("big", { calls: 1 });
    const [statement] = one.statements;
    const statements = Array.from({ length: 5_000 }, (_, n) => ({
      ...statement as NonNullable<typeof statement>,
      statement: `statement.${n}`,
    }));
    await board.tell({ ...one, statements });
    const [read] = await board.read({ except: "own", latency: true }) ?? [];
    assertEquals([read?.process.id, read?.statements.length], ["big", 0]);
  }));

Deno.test("DatabaseMonitor asks its isolates once for all who come while it asks them", async () => {
  const asked: boolean[] = [];
  const answers: (() => void)[] = [];
  const board = {
    tell: () => Promise.resolve(),
    read: () => Promise.resolve([]),
    leave: () => Promise.resolve(),
  };
  const monitor = monitorOf(board, {
    isolates: ({ latency }) => {
      asked.push(latency);
      return new Promise((resolve) => answers.push(() => resolve([])));
    },
  });
  const scrapes = [monitor.own(), monitor.own()];
  const views = Array.from({ length: 50 }, () => [monitor.own(), monitor.fleet()]).flat();
  assertEquals(asked, [false]);
  answers[0]?.();
  await scrapes[0];
  await eventually(() => answers.length === 2);
  answers[1]?.();
  await Promise.all([...scrapes, ...views]);
  // A scrape needs no latencies; the hearing that views wait for as well has them.
  assertEquals(asked, [false, true]);
});

Deno.test("DatabaseMonitor reads the others' latencies for who asks for them, whoever asked before", async () => {
  const clock = new ManualClock();
  const whole = { ...bulletin("other", { calls: 1 }), ageMs: 0 };
  const light = {
    ...whole,
    statements: whole.statements.map((one) => ({ ...one, latency: undefined })),
  };
  const read: boolean[] = [];
  const monitor = monitorOf({
    tell: () => Promise.resolve(),
    read: ({ latency }) => {
      read.push(latency);
      return Promise.resolve([latency ? whole : light]);
    },
    leave: () => Promise.resolve(),
  }, { clock });
  const counted = async (latency: boolean) =>
    (await monitor.fleet({ latency })).statements.map((one) => [
      one.since.calls,
      one.latency.total.count,
    ]);
  const answers = [counted(false), counted(true), counted(false)];
  // The last shares what the one before it reads.
  assertEquals(await Promise.all(answers), [[[1, 0]], [[1, 1]], [[1, 1]]]);
  assertEquals(read, [false, true]);
  clock.advance(500);
  assertEquals(await counted(true), [[1, 1]]);
  assertEquals(read, [false, true], "what was read just now does");
  clock.advance(2_000);
  assertEquals([await counted(false), await counted(true)], [[[1, 0]], [[1, 1]]]);
  assertEquals(read, [false, true, false, true]);
});

Deno.test("DatabaseMonitor forgets what others were told of servers once it hears them no more", async () => {
  const clock = new ManualClock();
  const told = { ...bulletin("other", { calls: 1 }), ageMs: 0 };
  const node = {
    name: "s1b",
    role: "replica",
    up: true,
    writable: false,
    lagMs: 0,
    position: undefined,
    semiSync: undefined,
    version: undefined,
    probeMs: undefined,
    observedAt: undefined,
    connections: undefined,
    ejected: undefined,
    drained: undefined,
  } as const;
  const shard = { name: "s1", epoch: "1", primary: null, why: undefined, status: "ok" } as const;
  const monitor = monitorOf({
    tell: () => Promise.resolve(),
    read: () => Promise.resolve([told]),
    leave: () => Promise.resolve(),
  }, { clock, topology: () => ({ at: 0, shards: [{ ...shard, nodes: [node] }] }) });
  assertEquals((await monitor.fleet()).nodes[0]?.server?.threadsRunning, 77);
  clock.advance(60_000);
  assertEquals((await monitor.own()).nodes[0]?.server, null);
});
