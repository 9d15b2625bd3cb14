import type { Clock, Timer } from "../core/clock.ts";
import type { Scope, ScopeEnd, ScopeWatch } from "../core/scope.ts";
import { SharedWork } from "../core/shared_work.ts";
import type { SqlValue } from "../drivers/mysql.ts";
import { InterruptedError } from "../pool/interrupted_error.ts";

/** Callers that one read may have; more read by themselves. */
const MAX_CALLERS = 1_000;
/** For how long a read under way is waited for before the next one goes out beside it. */
const MAX_WAIT_MS = 20;

/** A read, once for each scope that it may be run under. */
type Read<T> = (scope: Scope) => Promise<T>;

interface Flight<T> {
  /** Who came while it was under way: they are read for when it has landed. */
  next: { readonly work: SharedWork<T>; readonly read: Read<T>; readonly timer: Timer } | undefined;
}

/**
 * Joins reads that are the same: while one is under way, those that come are one read after it. So a
 * read never sees less than what was committed before it came, and a thousand callers of one row cost
 * a database two reads at a time.
 */
export class JoinedReads<T> {
  readonly #watch: ScopeWatch;
  readonly #clock: Clock;
  readonly #flights = new Map<string, Flight<T>>();

  constructor(parts: { readonly watch: ScopeWatch; readonly clock: Clock }) {
    this.#watch = parts.watch;
    this.#clock = parts.clock;
  }

  /**
   * Reads, or waits for what others read.
   *
   * @param key the same for the same read
   * @param timeoutMs how long a read for many may take
   * @throws {InterruptedError} if the caller's scope ends, and whatever the read failed with
   */
  read(
    key: string,
    options: { readonly scope: Scope; readonly timeoutMs: number; readonly read: Read<T> },
  ): Promise<T> {
    const { scope, timeoutMs, read } = options;
    const before = this.#flights.get(key);
    if (before === undefined) return this.#fly(key, read(scope));
    let { next } = before;
    if (next === undefined) {
      const work = new SharedWork<T>(this.#watch.open({ timeoutMs, trace: scope.trace }));
      const timer = this.#clock.after(MAX_WAIT_MS, () => this.#begin(key, before));
      before.next = next = { work, read, timer };
    }
    if (next.work.waiting >= MAX_CALLERS) return read(scope);
    return next.work.wait(scope, interrupted);
  }

  async #fly(key: string, result: Promise<T>): Promise<T> {
    const flight: Flight<T> = { next: undefined };
    this.#flights.set(key, flight);
    try {
      return await result;
    } finally {
      if (this.#flights.get(key) === flight) {
        this.#flights.delete(key);
        this.#begin(key, flight);
      }
    }
  }

  /** Reads for those that came while `flight` was under way. */
  #begin(key: string, flight: Flight<T>): void {
    const { next } = flight;
    if (next === undefined) return;
    flight.next = undefined;
    next.timer.cancel();
    next.work.start(async (scope) => {
      if (scope.ended !== undefined) throw interrupted(scope.ended);
      return await this.#fly(key, next.read(scope));
    });
  }
}

/** What tells a read on a node from others: its text and its values. */
export function readKey(
  node: string,
  { sql, values }: { readonly sql: string; readonly values: readonly SqlValue[] },
): string {
  let key = `${node} ${sql}`;
  for (const value of values) {
    if (typeof value === "string") key += `\n${value.length}:${value}`;
    else key += value instanceof Uint8Array ? `\nx${value.toHex()}` : `\n=${value}`;
  }
  return key;
}

function interrupted(end: ScopeEnd): Error {
  return new InterruptedError(end, "not_applied");
}
