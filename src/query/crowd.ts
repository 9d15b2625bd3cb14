import type { Clock } from "../core/clock.ts";

/** For how long those are waited for who came the last times, in milliseconds. */
const PATIENCE_MS = 1;
/** By how much more are waited for each time that all came. */
const HOPE = 1 / 16;

/** What a {@linkcode Crowd} works with. */
export interface CrowdOptions {
  readonly clock: Clock;
  /** Runs a task once the event loop has delivered all that has come. */
  readonly afterTurn: (task: () => void) => void;
  /** Told when enough are there, or no more are waited for. */
  readonly go: () => void;
}

/**
 * Who asks for the same kind of work again and again, once it is done for all of them: callers that
 * are answered together come back together, some later than others. The work waits for as many as
 * have come in time lately, and where that is one for nobody.
 */
export class Crowd {
  readonly #options: CrowdOptions;
  #size = 0;
  #state: "away" | "waiting" | "going" = "away";
  /** Since when it waits, on the clock's `now()`. */
  #since = 0;
  /** Whether the timer runs. It is left to run out where it is not needed: to stop it costs more. */
  #timed = false;

  constructor(options: CrowdOptions) {
    this.#options = options;
  }

  /** So many are there: waits for the others, if it does not already. */
  gather(present: number): void {
    if (this.#state === "going") return;
    if (present >= Math.floor(this.#size)) return this.#goSoon();
    if (this.#state === "waiting") return;
    this.#state = "waiting";
    this.#since = this.#options.clock.now();
    this.#watch(PATIENCE_MS);
  }

  /** The work goes out for so many. */
  went(count: number): void {
    const missed = count < Math.floor(this.#size);
    this.#size = missed ? count : this.#size + Math.max(HOPE, (count - this.#size) / 8);
  }

  #watch(forMs: number): void {
    if (this.#timed) return;
    this.#timed = true;
    this.#options.clock.after(forMs, () => this.#look());
  }

  #look(): void {
    this.#timed = false;
    if (this.#state !== "waiting") return;
    const leftMs = this.#since + PATIENCE_MS - this.#options.clock.now();
    if (leftMs > PATIENCE_MS / 2) return this.#watch(leftMs);
    this.#state = "away";
    this.#options.go();
  }

  #goSoon(): void {
    this.#state = "going";
    this.#options.afterTurn(() => {
      this.#state = "away";
      this.#options.go();
    });
  }
}
