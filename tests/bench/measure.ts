import { cpuMicros } from "./cpu.ts";
import type { Round } from "./figures.ts";
import type { Load } from "./wrk.ts";

/** A service under one load. */
export interface Target {
  readonly name: string;
  /** All of the service's processes. */
  readonly pids: readonly number[];
  /** Runs the load. A round has the same number for every target; warming up is round -1. */
  readonly load: (run: { readonly seconds: number; readonly round: number }) => Promise<Load>;
}

/** How targets are measured. */
export interface MeasureOptions {
  /** The servers' processes, whose CPU time is told beside the service's. */
  readonly databases: readonly number[];
  readonly rounds: number;
  /** How long each target is measured in each round. */
  readonly seconds: number;
}

/** How long each target is loaded before the rounds begin, in seconds. */
export const WARM_UP_SECONDS = 5;

/**
 * Measures targets in turn, round by round: machines are noisy, ratios of neighbours less so.
 *
 * @returns the rounds of each target, in the targets' order
 */
export async function alternate(
  targets: readonly Target[],
  options: MeasureOptions,
): Promise<Round[][]> {
  const { databases, rounds, seconds } = options;
  for (const target of targets) {
    await measure(target, { databases, seconds: WARM_UP_SECONDS, round: -1 });
  }
  const results = targets.map((target) => ({ target, rounds: [] as Round[] }));
  for (let round = 0; round < rounds; round++) {
    // The order turns round by round, so that none always runs on the warmer machine.
    const order = round % 2 === 0 ? results : [...results].reverse();
    for (const result of order) {
      result.rounds.push(await measure(result.target, { databases, seconds, round }));
    }
  }
  return results.map((result) => result.rounds);
}

async function measure(
  target: Target,
  options: {
    readonly databases: readonly number[];
    readonly seconds: number;
    readonly round: number;
  },
): Promise<Round> {
  const { databases, seconds, round } = options;
  const cpu = async () => [await cpuMicros(target.pids), await cpuMicros(databases)] as const;
  const before = await cpu();
  const load = await target.load({ seconds, round });
  const after = await cpu();
  return {
    requestsPerSecond: load.requests / load.seconds,
    p50Ms: load.p50Ms,
    p99Ms: load.p99Ms,
    serviceMicros: (after[0] - before[0]) / load.requests,
    databaseMicros: (after[1] - before[1]) / load.requests,
    errors: load.errors,
  };
}
