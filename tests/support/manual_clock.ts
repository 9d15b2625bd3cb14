import type { Clock, Timer } from "../../src/core/clock.ts";

interface Pending {
  dueAt: number;
  readonly periodMs: number | undefined;
  readonly task: () => void;
}

/** A clock that stands still until a test moves it. */
export class ManualClock implements Clock {
  readonly #pending = new Set<Pending>();
  #now = 0;
  readonly #origin: number;

  /** @param originMs the wall clock's start; default 2026-01-01T00:00:00Z */
  constructor(originMs = Date.UTC(2026, 0, 1)) {
    this.#origin = originMs;
  }

  /** How many timers are set. */
  get pending(): number {
    return this.#pending.size;
  }

  now(): number {
    return this.#now;
  }

  wallMs(): number {
    return this.#origin + this.#now;
  }

  after(delayMs: number, task: () => void): Timer {
    return this.#add({ dueAt: this.#now + delayMs, periodMs: undefined, task });
  }

  every(periodMs: number, task: () => void): Timer {
    return this.#add({ dueAt: this.#now + periodMs, periodMs, task });
  }

  /** Lets `ms` pass and runs what falls due, in order. */
  advance(ms: number): void {
    const until = this.#now + ms;
    for (;;) {
      const [next] = [...this.#pending].filter(({ dueAt }) => dueAt <= until)
        .sort((a, b) => a.dueAt - b.dueAt);
      if (next === undefined) break;
      this.#now = Math.max(this.#now, next.dueAt);
      if (next.periodMs === undefined) this.#pending.delete(next);
      else next.dueAt += next.periodMs;
      next.task();
    }
    this.#now = until;
  }

  /** Lets `ms` pass as if the process had been stopped: periodic timers fire once, late. */
  jump(ms: number): void {
    this.#now += ms;
    for (const pending of [...this.#pending]) {
      if (pending.dueAt > this.#now) continue;
      if (pending.periodMs === undefined) this.#pending.delete(pending);
      else pending.dueAt = this.#now + pending.periodMs;
      pending.task();
    }
  }

  #add(pending: Pending): Timer {
    this.#pending.add(pending);
    return { cancel: () => void this.#pending.delete(pending) };
  }
}
