import { Int32Histogram } from "hdr-histogram-js";
import type { Latency } from "./statement_metrics.ts";

/** Values and how often each came, one after the other: microseconds, count, microseconds, count, … */
export type LatencyPairs = readonly number[];

/** What is longer counts as this long, in microseconds. */
const LONGEST_US = 600_000_000;
/** Values are kept to one part in a hundred (HdrHistogram's significant digits). */
const DIGITS = 2;

/** Durations of which percentiles are wanted, kept as an HdrHistogram of microseconds. */
export class LatencyHistogram {
  readonly #values: Int32Histogram;

  constructor() {
    this.#values = new Int32Histogram(1, 2, DIGITS);
    // It begins with a few hundred bytes and grows with the longest value.
    this.#values.autoResize = true;
  }

  /** Whether nothing was recorded. */
  get empty(): boolean {
    return this.#values.totalCount === 0;
  }

  /** Counts one duration, in milliseconds. */
  record(ms: number): void {
    this.#values.recordValue(microseconds(ms));
  }

  /** Counts what another one counted. */
  add(pairs: LatencyPairs): void {
    for (let at = 0; at + 1 < pairs.length; at += 2) {
      this.#values.recordValueWithCount(pairs[at] as number, pairs[at + 1] as number);
    }
  }

  /** Counts what another one counted. */
  merge(other: LatencyHistogram): void {
    if (!other.empty) this.#values.add(other.#values);
  }

  /** What was counted, to be sent; each value to one part in a hundred. */
  pairs(): LatencyPairs {
    const values = this.#values;
    const pairs: number[] = [];
    let left = values.totalCount;
    for (let index = 0; left > 0 && index < values.countsArrayLength; index++) {
      const count = values.getCountAtIndex(index);
      if (count === 0) continue;
      left -= count;
      pairs.push(values.valueFromIndex(index), count);
    }
    return pairs;
  }

  /** What it says, in milliseconds; zeros where nothing was counted. */
  summary(): Latency {
    const values = this.#values;
    const at = (percentile: number) => values.getValueAtPercentile(percentile) / 1_000;
    if (this.empty) return { count: 0, mean: 0, p50: 0, p90: 0, p99: 0, max: 0 };
    return {
      count: values.totalCount,
      mean: values.mean / 1_000,
      p50: at(50),
      p90: at(90),
      p99: at(99),
      max: values.maxValue / 1_000,
    };
  }

  /** Forgets all. */
  clear(): void {
    if (!this.empty) this.#values.reset();
  }
}

function microseconds(ms: number): number {
  const us = Math.round(ms * 1_000);
  return us > LONGEST_US ? LONGEST_US : us > 0 ? us : 0;
}
