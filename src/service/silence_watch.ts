import type { Clock, Timer } from "../core/clock.ts";

/**
 * Notices when somebody who should be heard regularly falls silent.
 *
 * The time that this isolate was itself away (stopped by a signal, starved, or busy) does not
 * count: a late tick of its own timer starts the count anew, so that a process that was paused
 * does not condemn its own isolates when it goes on.
 */
export class SilenceWatch {
  readonly #clock: Clock;
  readonly #limitMs: number;
  readonly #onSilent: () => void;
  #heardAt = 0;
  #tickedAt = 0;
  #timer: Timer | undefined;

  /** @param options.limitMs how long silence may last; default 3 s */
  constructor(
    options: {
      readonly clock: Clock;
      readonly onSilent: () => void;
      readonly limitMs?: number;
    },
  ) {
    this.#clock = options.clock;
    this.#limitMs = options.limitMs ?? 3_000;
    this.#onSilent = options.onSilent;
  }

  /** Begins to count, as if the other side had just been heard. */
  start(): void {
    const periodMs = this.#limitMs / 6;
    this.#heardAt = this.#tickedAt = this.#clock.now();
    this.#timer ??= this.#clock.every(periodMs, () => this.#tick(periodMs));
  }

  /** The other side was heard. */
  heard(): void {
    this.#heardAt = this.#clock.now();
  }

  /** Stops counting. */
  stop(): void {
    this.#timer?.cancel();
    this.#timer = undefined;
  }

  #tick(periodMs: number): void {
    const now = this.#clock.now();
    const away = now - this.#tickedAt > 2 * periodMs;
    this.#tickedAt = now;
    if (away) this.#heardAt = now;
    if (now - this.#heardAt <= this.#limitMs) return;
    this.stop();
    this.#onSilent();
  }
}
