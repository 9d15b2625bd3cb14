import type { Clock, Timer } from "../core/clock.ts";

/** One wait with a time limit. */
export interface TimeLimit {
  readonly endsAt: number;
  readonly onEnd: () => void;
}

/**
 * The time limits of waits that all have the same length, watched by one timer: they end in the
 * order in which they began. A timer of its own would cost a Redis command as much as its promise.
 * Limits are kept to within a tenth of their length.
 *
 * @example
 * ```ts
 * import { TimeLimits } from "./time_limits.ts";
 * import { systemClock } from "../core/clock.ts";
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
  readonly #open = new Set<TimeLimit>();
  #timer: Timer | undefined;

  constructor(options: { readonly clock: Clock; readonly limitMs: number }) {
    this.#clock = options.clock;
    this.#limitMs = options.limitMs;
  }

  /** How many waits are under way. */
  get size(): number {
    return this.#open.size;
  }

  /** Begins a wait; `onEnd` is called once if it is not ended before its limit. */
  begin(onEnd: () => void): TimeLimit {
    const limit = { endsAt: this.#clock.now() + this.#limitMs, onEnd };
    this.#open.add(limit);
    this.#timer ??= this.#clock.after(this.#limitMs, () => this.#look());
    return limit;
  }

  /** The wait is over. */
  end(limit: TimeLimit): void {
    this.#open.delete(limit);
  }

  #look(): void {
    this.#timer = undefined;
    const now = this.#clock.now();
    for (const limit of this.#open) {
      if (limit.endsAt > now) break;
      this.#open.delete(limit);
      limit.onEnd();
    }
    if (this.#open.size > 0) {
      this.#timer ??= this.#clock.after(this.#limitMs / 10, () => this.#look());
    }
  }
}
