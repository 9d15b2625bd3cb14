import type { Clock, Timer } from "./clock.ts";

/** One wait with a time limit. */
export interface TimeLimit {
  /** In the time that counts, in milliseconds. */
  readonly endsAt: number;
  readonly onEnd: () => void;
}

/**
 * The time limits of waits that all have the same length, watched by one timer: they end in the
 * order in which they began. A timer of its own would cost a Redis command as much as its promise.
 * Limits are kept to within a fifth of their length.
 *
 * Only time counts in which an answer could be heard. While the event loop stands still, as under
 * more load than it can carry, an answer lies there unread: whoever is late then is the waiting
 * side, and to give up would be more work for it. Each turn of the loop counts as a fifth of the
 * limit at most.
 *
 * @example
 * ```ts
 * import { TimeLimits } from "./time_limits.ts";
 * import { systemClock } from "./clock.ts";
 * import { assertEquals } from "@std/assert";
 *
 * const limits = new TimeLimits({ clock: systemClock, limitMs: 1_000 });
 * const limit = limits.begin(() => {});
 * limits.end(limit);
 * assertEquals(limits.size, 0);
 * ```
 */
export class TimeLimits {
  readonly #clock: Clock;
  readonly #limitMs: number;
  readonly #stepMs: number;
  readonly #open = new Set<TimeLimit>();
  /** The time that counts, since ever, up to when it was last looked at. */
  #heardMs = 0;
  #lookedAt = 0;
  #timer: Timer | undefined;

  constructor(options: { readonly clock: Clock; readonly limitMs: number }) {
    this.#clock = options.clock;
    this.#limitMs = options.limitMs;
    this.#stepMs = options.limitMs / 5;
  }

  /** How many waits are under way. */
  get size(): number {
    return this.#open.size;
  }

  /** Begins a wait; `onEnd` is called once if it is not ended before its limit. */
  begin(onEnd: () => void): TimeLimit {
    if (this.#timer === undefined) this.#lookSoon();
    const limit = { endsAt: this.#heard() + this.#limitMs, onEnd };
    this.#open.add(limit);
    return limit;
  }

  /** The wait is over. */
  end(limit: TimeLimit): void {
    this.#open.delete(limit);
  }

  #heard(): number {
    return this.#heardMs + Math.min(this.#clock.now() - this.#lookedAt, this.#stepMs);
  }

  #lookSoon(): void {
    this.#lookedAt = this.#clock.now();
    this.#timer = this.#clock.after(this.#stepMs, () => this.#look());
  }

  #look(): void {
    this.#heardMs = this.#heard();
    this.#timer = undefined;
    for (const limit of this.#open) {
      if (limit.endsAt > this.#heardMs) break;
      this.#open.delete(limit);
      limit.onEnd();
    }
    if (this.#open.size > 0 && this.#timer === undefined) this.#lookSoon();
  }
}
