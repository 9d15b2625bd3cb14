import { LatencyHistogram, type LatencyPairs } from "./latency_histogram.ts";

/** How long a slot takes in, and how many there are: five minutes, and the one that is begun. */
const SLOT_MS = 60_000;
const SLOTS = 6;

/** The durations of the last five minutes. */
export class LatencyWindow {
  readonly #slots: (LatencyHistogram | undefined)[] = new Array(SLOTS).fill(undefined);
  /** The number of the slot that takes in now, counted from the clock's origin. */
  #current = -1;

  /**
   * Counts a duration.
   *
   * @param ms how long it took
   * @param now when it ended, on the clock's `now()`
   */
  record(ms: number, now: number): void {
    const number = Math.floor(now / SLOT_MS);
    if (number !== this.#current) this.#advance(number);
    const at = number % SLOTS;
    (this.#slots[at] ??= new LatencyHistogram()).record(ms);
  }

  /** All that the window holds at `now`, to be sent; it gives back the slots that are over. */
  pairs(now: number): LatencyPairs {
    this.#advance(Math.floor(now / SLOT_MS));
    const slots = this.#slots.filter((slot) => slot !== undefined && !slot.empty);
    const [first, ...others] = slots;
    if (first === undefined) {
      this.#slots.fill(undefined);
      return [];
    }
    if (others.length === 0) return first.pairs();
    const all = new LatencyHistogram();
    for (const slot of slots) if (slot !== undefined) all.merge(slot);
    return all.pairs();
  }

  #advance(number: number): void {
    const passed = Math.min(number - this.#current, SLOTS);
    for (let step = 0; step < passed; step++) this.#slots[(number - step) % SLOTS]?.clear();
    this.#current = number;
  }
}
