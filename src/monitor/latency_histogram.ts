import { Int32Histogram } from "hdr-histogram-js";
import type { LatencyPairs } from "./latency_pairs.ts";

/** What is longer counts as this long, in microseconds. */
const LONGEST_US = 600_000_000;
/** HdrHistogram's significant digits: a value is told to one part in thirty. */
const DIGITS = 1;

/** Counts durations, kept as an HdrHistogram of microseconds. */
export class LatencyHistogram {
  readonly #values: Int32Histogram;

  constructor() {
    this.#values = new Int32Histogram(1, 2, DIGITS);
    // It begins with some hundred bytes and grows with the longest value.
    this.#values.autoResize = true;
  }

  /** Counts one duration, in milliseconds. */
  record(ms: number): void {
    this.#values.recordValue(microseconds(ms));
  }

  /** What was counted; each value is the middle of those that count as the same. */
  pairs(): LatencyPairs {
    const values = this.#values;
    const pairs: number[] = [];
    let left = values.totalCount;
    for (let index = 0; left > 0 && index < values.countsArrayLength; index++) {
      const count = values.getCountAtIndex(index);
      if (count === 0) continue;
      left -= count;
      const [from, to] = [values.valueFromIndex(index), values.valueFromIndex(index + 1)];
      pairs.push(Math.floor((from + to) / 2), count);
    }
    return Uint32Array.from(pairs);
  }

  /** Forgets all. */
  clear(): void {
    if (this.#values.totalCount > 0) this.#values.reset();
  }
}

function microseconds(ms: number): number {
  const us = Math.round(ms * 1_000);
  return us > LONGEST_US ? LONGEST_US : us > 0 ? us : 0;
}
