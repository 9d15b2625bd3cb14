import type { Clock, Timer } from "../core/clock.ts";
import { RealmgateError } from "../core/errors.ts";
import type { Scope, ScopeEnd } from "../core/scope.ts";
import { SqlError } from "../drivers/mysql.ts";
import type { Lease } from "./lease.ts";

/** How often the first of the queue is looked at. */
const TICK_MS = 10;

/** What a queue is made of. */
export interface WaitersOptions {
  /** The pool's name, for messages. */
  readonly pool: string;
  readonly clock: Clock;
  /** How long a caller may wait. */
  readonly timeoutMs: number;
  /** Told of each wait that ended without a connection. */
  readonly onTimeout: () => void;
  /** What a caller is told whose time in the queue is up. */
  readonly timeoutError: () => Error;
}

interface Waiter {
  readonly label: string;
  readonly since: number;
  readonly resolve: (lease: Lease) => void;
  readonly reject: (error: Error) => void;
  readonly leave: () => void;
}

/**
 * The callers that wait for a connection, first come first served. All may wait equally long, so
 * the first of the queue is always the first whose time is up, and one timer serves them all.
 */
export class Waiters {
  readonly #options: WaitersOptions;
  readonly #queue = new Set<Waiter>();
  #timer: Timer | undefined;

  constructor(options: WaitersOptions) {
    this.#options = options;
  }

  /** How many wait. */
  get size(): number {
    return this.#queue.size;
  }

  /**
   * Waits for a lease, for as long as the caller's scope and the pool allow; a caller that gives up
   * leaves the queue at once.
   */
  wait(options: { readonly scope: Scope; readonly label: string }): Promise<Lease> {
    const { scope, label } = options;
    const { clock } = this.#options;
    return new Promise((resolve, reject) => {
      const ended = (end: ScopeEnd) => {
        waiter.leave();
        this.#options.onTimeout();
        reject(endError(end, this.#options.pool));
      };
      const leave = () => {
        this.#queue.delete(waiter);
        scope.offEnd(ended);
      };
      const waiter: Waiter = { label, since: clock.now(), resolve, reject, leave };
      this.#queue.add(waiter);
      scope.onEnd(ended);
      this.#timer ??= clock.every(TICK_MS, () => this.#look());
    });
  }

  /** Takes the first waiter out: `serve` must be called with its lease. */
  shift(): { label: string; since: number; serve: (lease: Lease) => void } | undefined {
    for (const waiter of this.#queue) {
      waiter.leave();
      return { label: waiter.label, since: waiter.since, serve: waiter.resolve };
    }
    return undefined;
  }

  #look(): void {
    const { clock, timeoutMs, onTimeout, timeoutError } = this.#options;
    const latest = clock.now() - timeoutMs;
    for (const waiter of this.#queue) {
      if (waiter.since > latest) return;
      waiter.leave();
      onTimeout();
      waiter.reject(timeoutError());
    }
    this.#timer?.cancel();
    this.#timer = undefined;
  }

  /** Refuses everybody who waits. */
  refuseAll(error: Error): void {
    for (const waiter of [...this.#queue]) {
      waiter.leave();
      waiter.reject(error);
    }
  }
}

/** The answer to a caller for whom there is no connection and no room to wait. */
export function saturated(pool: string, why: string): RealmgateError {
  return new RealmgateError(
    "pool_saturated",
    `Cannot lend a connection to ${pool}: all are in use and ${why}`,
    { retryAfterMs: 1_000 },
  );
}

/** The answer to a caller of a pool that is being closed. */
export function shuttingDown(pool: string): RealmgateError {
  return new RealmgateError("shutting_down", `Cannot lend a connection to ${pool}: it is closing`);
}

/** The answer to a caller whose own permission to wait has ended. */
export function endError(end: ScopeEnd, pool: string): RealmgateError {
  const message = `Cannot wait for a connection to ${pool} any longer: ${end}`;
  switch (end) {
    case "deadline_exceeded":
      return new RealmgateError("deadline_exceeded", message);
    case "client_closed":
      return new RealmgateError("client_closed_request", message);
    case "shutting_down":
      return new RealmgateError("shutting_down", message);
  }
}

/** The error of a caller that waited for as long as the pool allows. */
export function tooLong(
  pool: { readonly name: string; readonly acquireTimeoutMs: number },
  { lent }: { readonly lent: number },
): Error {
  const why = `none came free within ${pool.acquireTimeoutMs} ms`;
  if (lent > 0) return saturated(pool.name, why);
  return new SqlError("connect_failed", `no connection to ${pool.name}: ${why}`);
}
