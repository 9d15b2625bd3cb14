import { LatencyHistogram } from "./latency_histogram.ts";
import { addPairs, type LatencyPairs } from "./latency_pairs.ts";

/** How long a slot takes in, and how many there are: five minutes, and the one that is begun. */
const SLOT_MS = 60_000;
const SLOTS = 6;

/** The durations of the last five minutes. */
export class LatencyWindow {
  readonly #current = new LatencyHistogram();
  /** The number of the slot that takes in now, counted from the clock's origin. */
  #number = -1;
  /** The slots that are over, the oldest first: a fraction of what a histogram takes. */
  #past: { readonly number: number; readonly pairs: LatencyPairs }[] = [];
  /** What those counted together, once it was asked for. */
  #sum: LatencyPairs | undefined;

  /**
   * Counts a duration.
   *
   * @param ms how long it took
   * @param now when it ended, on the clock's `now()`
   */
  record(ms: number, now: number): void {
    this.#advance(Math.floor(now / SLOT_MS));
    this.#current.record(ms);
  }

  /** All that the window holds at `now`, to be sent. */
  pairs(now: number): LatencyPairs {
    this.#advance(Math.floor(now / SLOT_MS));
    this.#sum ??= addPairs(this.#past.map(({ pairs }) => pairs));
    return addPairs([this.#sum, this.#current.pairs()]);
  }

  #advance(number: number): void {
    if (number <= this.#number) return;
    const pairs = this.#current.pairs();
    if (pairs.length > 0) this.#past.push({ number: this.#number, pairs });
    this.#current.clear();
    this.#sum = undefined;
    this.#number = number;
    while ((this.#past[0]?.number ?? number) <= number - SLOTS) this.#past.shift();
  }
}
