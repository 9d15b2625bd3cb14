import type { Clock, Timer } from "../core/clock.ts";
import type { Random } from "../core/random.ts";

const FIRST_PAUSE_MS = 50;
const LONGEST_PAUSE_MS = 1_000;

/**
 * Decides when the next dial may be made: one at a time, and after a failure not before a pause
 * that doubles up to 1 s, half of it drawn at random so that isolates do not dial in step.
 */
export class Dialler {
  readonly #clock: Clock;
  readonly #random: Random;
  #dialling = false;
  #failures = 0;
  #lastError: Error | undefined;
  #pause: Timer | undefined;

  constructor(options: { readonly clock: Clock; readonly random: Random }) {
    this.#clock = options.clock;
    this.#random = options.random;
  }

  /** Why the last dial failed, while its pause lasts. */
  get pausedBy(): Error | undefined {
    return this.#pause === undefined ? undefined : this.#lastError;
  }

  /**
   * Runs `dial`, unless one is under way or a pause lasts. `onReady` is called when the next dial
   * may be made.
   */
  run(dial: () => Promise<void>, options: { readonly onReady: () => void }): void {
    if (this.#dialling || this.#pause !== undefined) return;
    this.#dialling = true;
    void dial().then(() => {
      this.#dialling = false;
      this.#failures = 0;
      options.onReady();
    }, (error: Error) => {
      this.#dialling = false;
      this.#lastError = error;
      const longest = Math.min(FIRST_PAUSE_MS * 2 ** this.#failures++, LONGEST_PAUSE_MS);
      const pauseMs = longest / 2 + this.#random.next() * longest / 2;
      this.#pause = this.#clock.after(pauseMs, () => {
        this.#pause = undefined;
        options.onReady();
      });
    });
  }

  /** Forgets a pause. */
  close(): void {
    this.#pause?.cancel();
    this.#pause = undefined;
  }
}
