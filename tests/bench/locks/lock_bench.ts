/**
 * `deno task bench:locks`: Realmgate's locks beside a hand-written route that makes the same Redis
 * calls, and under contention beside `redis-semaphore`.
 *
 * `--rounds 5 --seconds 4 --isolates 2 --only cycles,contention,renewals`
 */
import { parseArgs } from "node:util";
import { startRealm } from "../../../deploy/local/realm.ts";
import { cpuMicros } from "../cpu.ts";
import { median, ratioText, type Round, table } from "../figures.ts";
import { startProgram } from "../program.ts";
import { runCycles } from "./cycles.ts";

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
  const redis = realm.stack.redis;
  const headers = { Authorization: `Bearer ${realm.apiKey}` };
  try {
    if (only.has("cycles")) {
      await cycles({ service, headers, redisPid: redis.pid ?? 0, redisUrl: redis.url });
    }
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

async function cycles(
  options: {
    readonly service: Target;
    readonly headers: Readonly<Record<string, string>>;
    readonly redisPid: number;
    readonly redisUrl: string;
  },
): Promise<void> {
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
        ["", "cycles/s", "p50 ms", "p99 ms", "service µs/req", "Redis µs/req", "errors"],
        row("Realmgate", results[0]),
        row("hand-written, the same calls", results[1]),
      ]),
    );
    console.log(`cycles/s, ratio: ${ratioText(...results, (r) => r.requestsPerSecond)}`);
    console.log(`service CPU, ratio: ${ratioText(...results, (r) => r.serviceMicros)}`);
  } finally {
    peer.end();
  }
}
