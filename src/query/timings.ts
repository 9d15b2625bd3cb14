import type { Clock } from "../core/clock.ts";

/** Where a call's time went, filled on its way; in milliseconds. */
export interface CallTimes {
  /** What it waited for its connection. */
  queueMs: number;
  /** What its query took; of one that others shared, all that was before its answer. */
  executeMs: number;
  /** When the answer was at hand, on the clock's `now()`; 0 while it is not. */
  answeredAt: number;
  /** What the database answered, or what a write matched. */
  rows: number;
}

/** The times of a call that begins. */
export function noTimes(): CallTimes {
  return { queueMs: 0, executeMs: 0, answeredAt: 0, rows: 0 };
}

/** Where one request's time went, for the `Server-Timing` header. */
export class Timings {
  readonly #clock: Clock;
  readonly #phases: string[] = [];
  readonly #startedAt: number;
  #lastAt: number;

  constructor(clock: Clock) {
    this.#clock = clock;
    this.#startedAt = this.#lastAt = clock.now();
  }

  /** Ends the phase called `name`; the next one begins. */
  mark(name: string): void {
    const now = this.#clock.now();
    this.#phases.push(`${name};dur=${(now - this.#lastAt).toFixed(3)}`);
    this.#lastAt = now;
  }

  /** The header's value: each phase and the total, in milliseconds. */
  header(): string {
    const total = `total;dur=${(this.#clock.now() - this.#startedAt).toFixed(3)}`;
    return [...this.#phases, total].join(", ");
  }
}
