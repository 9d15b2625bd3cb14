import type { Clock, Timer } from "../core/clock.ts";

/** A lock while this process works under it. */
export interface Held {
  /** Whether it is no longer surely ours. */
  readonly lost: boolean;
  /** For writes that must not land once somebody else has it. */
  readonly fence: string;
  /** Calls back once when it is lost or the work is over; at once if it already is. */
  onLost(callback: () => void): void;
}

/** What keeps a lock. */
export interface HeldLockOptions {
  readonly fence: string;
  readonly ttlMs: number;
  /** Until when the grant can be relied on, on the clock's `now()`. */
  readonly validUntil: number;
  readonly clock: Clock;
  /** Extends the grant. @returns until when, or `undefined` if it is lost; throws if nobody knows */
  readonly renew: () => Promise<number | undefined>;
}

/**
 * Keeps a lock by renewing it at a third of its time to live. It counts as lost once a renewal says
 * so, or once its time has run out without one that came through.
 */
export class HeldLock implements Held {
  readonly fence: string;
  readonly #options: HeldLockOptions;
  readonly #callbacks: (() => void)[] = [];
  #validUntil: number;
  #ended = false;
  #renewing = false;
  #beat: Timer | undefined;
  #end: Timer | undefined;

  constructor(options: HeldLockOptions) {
    this.#options = options;
    this.fence = options.fence;
    this.#validUntil = options.validUntil;
  }

  get lost(): boolean {
    return this.#ended || this.#options.clock.now() >= this.#validUntil;
  }

  /** Begins to renew. */
  start(): void {
    const { clock, ttlMs } = this.#options;
    this.#beat ??= clock.every(ttlMs / 3, () => void this.#renew());
    this.#endAt(this.#validUntil);
  }

  onLost(callback: () => void): void {
    if (this.#ended) callback();
    else this.#callbacks.push(callback);
  }

  /** Stops renewing: the work is over, or the lock is lost. */
  stop(): void {
    if (this.#ended) return;
    this.#ended = true;
    this.#beat?.cancel();
    this.#end?.cancel();
    for (const callback of this.#callbacks) callback();
  }

  async #renew(): Promise<void> {
    if (this.#renewing) return;
    this.#renewing = true;
    try {
      const until = await this.#options.renew();
      if (until === undefined) this.stop();
      else if (!this.#ended) this.#endAt(until);
    } catch {
      // Nobody knows: it is ours until its time has run out.
    } finally {
      this.#renewing = false;
    }
  }

  #endAt(validUntil: number): void {
    const { clock } = this.#options;
    this.#validUntil = validUntil;
    this.#end?.cancel();
    this.#end = clock.after(Math.max(0, validUntil - clock.now()), () => this.stop());
  }
}
