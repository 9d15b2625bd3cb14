/**
 * `deno task bench:locks`: Realmgate's locks beside a hand-written route that makes the same Redis
 * calls, and under contention beside `redis-semaphore`.
 *
 * `--rounds 5 --seconds 4 --isolates 2 --only cycles,contention,renewals`
 */
import { parseArgs } from "node:util";
import { Redis } from "ioredis";
import { startRealm } from "../../../deploy/local/realm.ts";
import { cpuMicros } from "../cpu.ts";
import { median, ratioText, type Round, table } from "../figures.ts";
import { startProgram } from "../program.ts";
import { contend, type Contention, overHttp } from "./contention.ts";
import { runCycles } from "./cycles.ts";
import { holdLocks, renewLocks } from "./renewals.ts";
import { overSemaphore } from "./semaphore_peer.ts";

const { values: flags } = parseArgs({
  args: Deno.args,
  options: {
    rounds: { type: "string", default: "5" },
    seconds: { type: "string", default: "4" },
    isolates: { type: "string", default: "2" },
    only: { type: "string", default: "cycles,contention,renewals" },
  },
});
const [rounds, seconds, isolates] = [flags.rounds, flags.seconds, flags.isolates].map(Number) as [
  number,
  number,
  number,
];
const only = new Set(flags.only.split(","));

const home = await Deno.makeTempDir({ prefix: "realmgate-bench-" });
const realm = await startRealm({ home });
try {
  const service = await realm.startService({ isolates });
  const { redis } = realm.stack;
  const bench: Bench = {
    service,
    headers: { Authorization: `Bearer ${realm.apiKey}` },
    redisPid: redis.pid ?? 0,
    redisUrl: redis.url,
  };
  try {
    if (only.has("cycles")) await cycles(bench);
    if (only.has("contention")) await contention(bench);
    if (only.has("renewals")) await renewals(bench);
  } finally {
    await service.stop();
  }
} finally {
  await realm[Symbol.asyncDispose]();
  await Deno.remove(home, { recursive: true });
}

interface Target {
  readonly url: string;
  readonly pid: number;
}

interface Bench {
  readonly service: Target;
  readonly headers: Readonly<Record<string, string>>;
  readonly redisPid: number;
  readonly redisUrl: string;
}

/** 256 clients, one lock, 5 ms of work each. */
async function contention(bench: Bench): Promise<void> {
  const counter = new Redis(bench.redisUrl);
  const semaphore = overSemaphore(bench.redisUrl);
  const results: [Measured[], Measured[]] = [[], []];
  const ways = [overHttp(bench.service.url, bench.headers), semaphore.take] as const;
  try {
    for (let round = 0; round < rounds; round++) {
      for (const at of round % 2 === 0 ? [0, 1] as const : [1, 0] as const) {
        const before = await commands(counter);
        const result = await contend(ways[at], { clients: 256, seconds });
        results[at].push({ ...result, commands: await commands(counter) - before });
      }
    }
  } finally {
    semaphore.close();
    counter.disconnect();
  }
  const row = (name: string, all: readonly Measured[]) => [
    name,
    median(all.map(({ handovers }) => handovers / seconds)).toFixed(0),
    median(all.map(({ idleMs }) => median(idleMs))).toFixed(2),
    median(all.map((one) => one.commands / one.allHandovers)).toFixed(1),
    median(all.map(({ longestWaitMs }) => longestWaitMs)).toFixed(0),
    median(all.map((one) => 100 * one.overtakes / one.handovers)).toFixed(1),
  ];
  console.log(
    "\none lock, 256 clients, 5 ms of work\n" + table([
      [
        "",
        "hand-overs/s",
        "idle between holders, ms",
        "Redis commands per hand-over",
        "longest wait ms",
        "overtakes %",
      ],
      row("Realmgate, over HTTP", results[0]),
      row("redis-semaphore, in process", results[1]),
    ]),
  );
}

interface Measured extends Contention {
  readonly commands: number;
}

/** Commands that clients sent so far; what scripts do inside is not counted. */
async function commands(redis: Redis): Promise<number> {
  const stats = await redis.info("commandstats");
  let sum = 0;
  for (const [, name = "", calls] of stats.matchAll(/^cmdstat_([^:]+):calls=(\d+)/gm)) {
    if (/^(evalsha|eval|set|get|ping|psetex|setnx)$/.test(name)) sum += Number(calls);
  }
  return sum;
}

/** 20,000 locks that are held, renewed in bulk every 10 s. */
async function renewals(bench: Bench): Promise<void> {
  const { service, headers, redisPid } = bench;
  const held = await holdLocks(service.url, { headers, count: 20_000 });
  const cpu = async () => [await cpuMicros([service.pid]), await cpuMicros([redisPid])] as const;
  const idle = await cpu();
  await new Promise((resolve) => setTimeout(resolve, 10_000));
  const [before, began] = [await cpu(), performance.now()];
  const renewed = await renewLocks(service.url, { headers, held, seconds: 30 });
  const [after, took] = [await cpu(), (performance.now() - began) * 1_000];
  const share = (micros: number, of: number) => `${(100 * micros / of).toFixed(2)} %`;
  console.log(
    "\n20,000 locks held, renewed in bulk every 10 s by 8 clients: share of one core\n" + table([
      ["", "service", "Redis", "renewed"],
      [
        "idle before",
        share(before[0] - idle[0], 10_000_000),
        share(before[1] - idle[1], 10_000_000),
        "0",
      ],
      [
        "renewing",
        share(after[0] - before[0], took),
        share(after[1] - before[1], took),
        `${renewed}`,
      ],
    ]),
  );
}

async function cycles(options: Bench): Promise<void> {
  const peer = await startProgram("locks/lock_peer.ts", [String(isolates), options.redisUrl], {});
  try {
    const measure = async (target: Target, forSeconds: number): Promise<Round> => {
      const before = [await cpuMicros([target.pid]), await cpuMicros([options.redisPid])] as const;
      const load = await runCycles(target.url, {
        headers: options.headers,
        locks: 10_000,
        connections: 64,
        seconds: forSeconds,
      });
      const after = [await cpuMicros([target.pid]), await cpuMicros([options.redisPid])] as const;
      return {
        requestsPerSecond: load.requests / load.seconds,
        p50Ms: load.p50Ms,
        p99Ms: load.p99Ms,
        serviceMicros: (after[0] - before[0]) / load.requests,
        databaseMicros: (after[1] - before[1]) / load.requests,
        errors: load.errors,
      };
    };
    const results: [Round[], Round[]] = [[], []];
    const targets: [Target, Target] = [options.service, peer];
    for (const target of targets) await measure(target, 2);
    for (let round = 0; round < rounds; round++) {
      for (const at of round % 2 === 0 ? [0, 1] as const : [1, 0] as const) {
        results[at].push(await measure(targets[at], seconds));
      }
    }
    const row = (name: string, all: readonly Round[]) => [
      name,
      (median(all.map((r) => r.requestsPerSecond)) / 2).toFixed(0),
      median(all.map((r) => r.p50Ms)).toFixed(2),
      median(all.map((r) => r.p99Ms)).toFixed(2),
      median(all.map((r) => r.serviceMicros)).toFixed(1),
      median(all.map((r) => r.databaseMicros)).toFixed(1),
      String(all.reduce((sum, r) => sum + r.errors, 0)),
    ];
    console.log(
      "\nacquire and release, 10,000 locks, 64 connections\n" + table([
        ["", "cycles/s", "p50 ms", "p99 ms", "service µs/req", "Redis µs/req", "found held"],
        row("Realmgate", results[0]),
        row("hand-written, the same calls", results[1]),
      ]),
    );
    console.log(`cycles/s, ratio: ${ratioText(...results, (r) => r.requestsPerSecond)}`);
    console.log(`service CPU, ratio: ${ratioText(...results, (r) => r.serviceMicros)}`);
  } finally {
    await peer.end();
  }
}
