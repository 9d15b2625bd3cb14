import type { Latency, Phase } from "./statement_metrics.ts";

/**
 * Values and how often each came, one after the other, the shortest first: microseconds, count,
 * microseconds, count, …
 */
export type LatencyPairs = ArrayLike<number>;

/** What a statement's calls took in each phase. */
export type PhasePairs = Readonly<Record<Phase, LatencyPairs>>;

const NONE: LatencyPairs = new Uint32Array();

/** What all of them counted. */
export function addPairs(all: readonly LatencyPairs[]): LatencyPairs {
  const [first = NONE, ...others] = all.filter(({ length }) => length > 0);
  return others.reduce(addTwo, first);
}

/** What all of them counted, phase by phase. */
export function addPhases(all: readonly PhasePairs[]): PhasePairs {
  const [first] = all;
  if (first !== undefined && all.length === 1) return first;
  return {
    total: addPairs(all.map(({ total }) => total)),
    queue: addPairs(all.map(({ queue }) => queue)),
    execute: addPairs(all.map(({ execute }) => execute)),
    encode: addPairs(all.map(({ encode }) => encode)),
  };
}

/** What they say, in milliseconds; zeros where nothing was counted. */
export function latencyOf(pairs: LatencyPairs): Latency {
  let [count, sum] = [0, 0];
  for (let at = 0; at + 1 < pairs.length; at += 2) {
    count += pairs[at + 1] as number;
    sum += (pairs[at] as number) * (pairs[at + 1] as number);
  }
  if (count === 0) return { count: 0, mean: 0, p50: 0, p90: 0, p99: 0, max: 0 };
  const next = walk(pairs, count);
  return {
    count,
    mean: sum / count / 1_000,
    p50: next(0.5),
    p90: next(0.9),
    p99: next(0.99),
    max: next(1),
  };
}

/** Goes through the pairs once; to be asked for growing parts of them. */
function walk(pairs: LatencyPairs, count: number): (part: number) => number {
  let at = 0;
  let passed = pairs[1] ?? 0;
  return (part) => {
    while (passed < part * count && at + 3 < pairs.length) {
      at += 2;
      passed += pairs[at + 1] as number;
    }
    return (pairs[at] as number) / 1_000;
  };
}

function addTwo(one: LatencyPairs, other: LatencyPairs): LatencyPairs {
  const sum = new Uint32Array(one.length + other.length);
  let [a, b, end] = [0, 0, 0];
  while (a < one.length || b < other.length) {
    const left = a < one.length ? one[a] as number : Infinity;
    const right = b < other.length ? other[b] as number : Infinity;
    let count = 0;
    if (left <= right) {
      count += one[a + 1] as number;
      a += 2;
    }
    if (right <= left) {
      count += other[b + 1] as number;
      b += 2;
    }
    sum[end++] = Math.min(left, right);
    sum[end++] = count;
  }
  return sum.slice(0, end);
}
