/** A pending timer. Cancelling it twice, or after it fired, does nothing. */
export interface Timer {
  cancel(): void;
}

/** Time as the service sees it: passed in, so that tests move it without sleeping. */
export interface Clock {
  /** Monotonic milliseconds since an arbitrary origin: for durations and deadlines. */
  now(): number;
  /** Milliseconds since the Unix epoch: for what people and databases read. */
  wallMs(): number;
  /** Runs `task` once, after at least `delayMs`. */
  after(delayMs: number, task: () => void): Timer;
  /** Runs `task` every `periodMs`; a slow task delays the next run, none overlap. */
  every(periodMs: number, task: () => void): Timer;
}

/** The machine's clock. Its timers do not keep the process alive. */
export const systemClock: Clock = {
  now: () => performance.now(),
  wallMs: () => Date.now(),
  after(delayMs, task) {
    const id = setTimeout(task, delayMs);
    Deno.unrefTimer(id);
    return { cancel: () => clearTimeout(id) };
  },
  every(periodMs, task) {
    const id = setInterval(task, periodMs);
    Deno.unrefTimer(id);
    return { cancel: () => clearInterval(id) };
  },
};

/** Waits `delayMs` on `clock`; for loops that already have their own way to stop. */
export function pause(clock: Clock, delayMs: number): Promise<void> {
  return new Promise((resolve) => clock.after(delayMs, resolve));
}
