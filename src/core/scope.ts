import type { Clock, Timer } from "./clock.ts";
import { type Place, Ring } from "./ring.ts";
import type { Trace } from "./telemetry.ts";

/** Why a scope ended before its work was done. */
export type ScopeEnd = "deadline_exceeded" | "client_closed" | "shutting_down";

/** What opens a scope. */
export interface ScopeOptions {
  /** How long the work may take from now, in milliseconds. */
  readonly timeoutMs: number;
  /**
   * The caller's signal, asked for only once the work has lasted 50 ms. Touching `Request.signal`
   * costs Deno some 5 µs per request, nearly as much as a bare answer; most requests are answered
   * before it is ever needed.
   */
  readonly signal?: () => AbortSignal;
  /** Where in a trace the work is done. @default {nobody traces it} */
  readonly trace?: Trace | undefined;
}

/** How long work may last before its client is listened to. */
const LISTEN_AFTER_MS = 50;

/**
 * One piece of work's permission to go on: a deadline and, where there is one, a client.
 *
 * Whoever waits on behalf of the work registers one `onEnd` callback and takes it back when the
 * wait is over. Callbacks run at most once, in the order they were registered. `close` is
 * idempotent and must be called by whoever opened the scope.
 */
export class Scope {
  /** The instant, on the clock's `now()`, past which the work is not worth finishing. */
  readonly deadlineAt: number;
  /** When it was opened, on the same clock. */
  readonly openedAt: number;
  /** Where in a trace the work is done; `undefined` where nobody traces it. */
  readonly trace: Trace | undefined;
  #ended: ScopeEnd | undefined;
  #callbacks: ((end: ScopeEnd) => void)[] | undefined;
  #signal: (() => AbortSignal) | undefined;
  #abandon: (() => void) | undefined;
  /** Among those that are watched. */
  #place: Place | undefined;

  /** Use {@linkcode ScopeWatch.open}. */
  constructor(now: number, watched: Ring<Scope>, options: ScopeOptions) {
    this.deadlineAt = now + options.timeoutMs;
    this.openedAt = now;
    this.trace = options.trace;
    this.#signal = options.signal;
    this.#place = watched.join(this);
  }

  /** When it must be looked at next, on the clock's `now()`. */
  get dueAt(): number {
    if (this.#signal === undefined) return this.deadlineAt;
    return Math.min(this.deadlineAt, this.openedAt + LISTEN_AFTER_MS);
  }

  /** Why the work should stop, or `undefined` while it may go on. */
  get ended(): ScopeEnd | undefined {
    return this.#ended;
  }

  /** Calls `callback` once if the scope ends early; at once if it already has. */
  onEnd(callback: (end: ScopeEnd) => void): void {
    if (this.#ended !== undefined) callback(this.#ended);
    else (this.#callbacks ??= []).push(callback);
  }

  /** Takes a callback back; does nothing if it is not registered. */
  offEnd(callback: (end: ScopeEnd) => void): void {
    const callbacks = this.#callbacks;
    if (callbacks === undefined) return;
    const at = callbacks.lastIndexOf(callback);
    if (at === callbacks.length - 1) callbacks.length = Math.max(0, at);
    else if (at >= 0) callbacks.splice(at, 1);
  }

  /** Ends the scope early, for `reason`; the first reason stays. */
  end(reason: ScopeEnd): void {
    if (this.#ended !== undefined || this.#place === undefined) return;
    this.#ended = reason;
    this.close();
    const callbacks = this.#callbacks;
    this.#callbacks = undefined;
    if (callbacks !== undefined) { for (const callback of callbacks) callback(reason); }
  }

  /** Stops watching: the work is done, whatever became of it. */
  close(): void {
    this.#place?.leave();
    this.#place = undefined;
    this.#abandon?.();
    this.#abandon = undefined;
    this.#signal = undefined;
  }

  /** One look of the watch: ends the scope if it is overdue, else begins to listen to its client. */
  look(now: number): void {
    if (now >= this.deadlineAt) return this.end("deadline_exceeded");
    if (this.#signal === undefined || now < this.openedAt + LISTEN_AFTER_MS) return;
    const signal = this.#signal();
    this.#signal = undefined;
    if (signal.aborted) return this.end("client_closed");
    const abandoned = () => this.end("client_closed");
    signal.addEventListener("abort", abandoned, { once: true });
    this.#abandon = () => signal.removeEventListener("abort", abandoned);
  }
}

/**
 * Watches all scopes of an isolate with one timer, so that a deadline costs a request no timer of
 * its own. The timer is set for the scope that is due first: work that is over sooner is never
 * looked at, and a look costs a machine at rest some 100 µs. Deadlines are kept to within one tick.
 *
 * @example
 * ```ts
 * import { ScopeWatch } from "./scope.ts";
 * import { systemClock } from "./clock.ts";
 * import { assertEquals } from "@std/assert";
 *
 * const watch = new ScopeWatch({ clock: systemClock });
 * const scope = watch.open({ timeoutMs: 1_000 });
 * assertEquals(scope.ended, undefined);
 * scope.close();
 * watch.close();
 * ```
 */
export class ScopeWatch {
  readonly #clock: Clock;
  readonly #tickMs: number;
  readonly #open = new Ring<Scope>();
  #timer: Timer | undefined;
  /** When the timer fires. */
  #lookAt = Infinity;

  /** @param options.tickMs how close to its time a scope is looked at; default 10 ms */
  constructor(options: { readonly clock: Clock; readonly tickMs?: number }) {
    this.#clock = options.clock;
    this.#tickMs = options.tickMs ?? 10;
  }

  /** How many scopes are open. */
  get size(): number {
    return this.#open.size;
  }

  /** Opens a scope that ends by itself after `timeoutMs`; its opener must close it. */
  open(options: ScopeOptions): Scope {
    const now = this.#clock.now();
    const scope = new Scope(now, this.#open, options);
    const { dueAt } = scope;
    if (dueAt + this.#tickMs <= this.#lookAt) this.#set(dueAt, now);
    return scope;
  }

  /** Ends every open scope for `reason`. */
  endAll(reason: ScopeEnd): void {
    for (const scope of [...this.#open]) scope.end(reason);
  }

  /** Stops the timer until a scope is opened; those that are open are no longer watched. */
  close(): void {
    this.#timer?.cancel();
    this.#timer = undefined;
    this.#lookAt = Infinity;
  }

  #set(dueAt: number, now: number): void {
    this.#timer?.cancel();
    const delayMs = Math.max(this.#tickMs, dueAt - now);
    this.#lookAt = now + delayMs;
    this.#timer = this.#clock.after(delayMs, () => this.#look());
  }

  #look(): void {
    this.close();
    const now = this.#clock.now();
    let dueAt = Infinity;
    for (const scope of this.#open) {
      scope.look(now);
      if (scope.ended === undefined) dueAt = Math.min(dueAt, scope.dueAt);
    }
    if (dueAt < Infinity) this.#set(dueAt, now);
  }
}
