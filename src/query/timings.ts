import type { Clock } from "../core/clock.ts";

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
