import type { Clock, Timer } from "../core/clock.ts";
import type { Attempt, LockStore } from "./lock_store.ts";

/** Attempts remembered at a time; past it the oldest is left to its own expiry. */
const MAX_REMEMBERED = 10_000;
const RETRY_MS = 1_000;

/**
 * Takes back attempts whose result nobody will use: a client left, or Redis did not say what became
 * of it. Each is withdrawn once Redis can be reached, or forgotten when its grant would be over.
 */
export class Withdrawals {
  readonly #store: LockStore;
  readonly #clock: Clock;
  /** The attempts that are still to be withdrawn, and when each is over by itself. */
  readonly #open = new Map<Attempt, number>();
  readonly #underWay = new Map<Attempt, Promise<void>>();
  #timer: Timer | undefined;

  constructor(options: { readonly store: LockStore; readonly clock: Clock }) {
    this.#store = options.store;
    this.#clock = options.clock;
  }

  /** How many are still to be withdrawn. */
  get size(): number {
    return this.#open.size;
  }

  /** Withdraws an attempt. Never fails; resolves after the first try. */
  async add(attempt: Attempt): Promise<void> {
    if (this.#open.size >= MAX_REMEMBERED) {
      const [oldest] = this.#open.keys();
      if (oldest !== undefined) this.#open.delete(oldest);
    }
    this.#open.set(attempt, this.#clock.now() + attempt.ttlMs);
    await this.#withdraw(attempt);
  }

  /** Tries again what could not be done, once; also done each second by itself. */
  async retry(): Promise<void> {
    this.#timer?.cancel();
    this.#timer = undefined;
    const now = this.#clock.now();
    for (const [attempt, overAt] of this.#open) {
      if (overAt <= now) this.#open.delete(attempt);
    }
    await Promise.all([...this.#open.keys()].map((attempt) => this.#withdraw(attempt)));
  }

  /** Stops trying. */
  close(): void {
    this.#timer?.cancel();
    this.#open.clear();
  }

  #withdraw(attempt: Attempt): Promise<void> {
    const underWay = this.#underWay.get(attempt) ??
      this.#send(attempt).finally(() => this.#underWay.delete(attempt));
    this.#underWay.set(attempt, underWay);
    return underWay;
  }

  async #send(attempt: Attempt): Promise<void> {
    try {
      await this.#store.withdraw(attempt);
      this.#open.delete(attempt);
    } catch {
      // The client says in the log when Redis is away.
      if (this.#open.size > 0) this.#timer ??= this.#clock.after(RETRY_MS, () => void this.retry());
    }
  }
}
