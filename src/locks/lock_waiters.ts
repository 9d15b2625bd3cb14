import type { Clock, Timer } from "../core/clock.ts";
import type { Scope, ScopeEnd, ScopeWatch } from "../core/scope.ts";
import type { Trace } from "../core/telemetry.ts";
import { EndedError } from "../core/until_end.ts";
import type { Attempt, AttemptResult, LockStore } from "./lock_store.ts";

/** How a wait came to its end. */
export interface Waited {
  /** `granted`, or `held` when the wait was over before its turn came. */
  readonly result: AttemptResult;
  /** An instant that surely came before the result, on the clock's `now()`. */
  readonly sentAt: number;
}

interface Waiter {
  readonly attempt: Attempt;
  readonly ticket: string;
  readonly trace: Trace | undefined;
  readonly done: (waited: Waited) => void;
  readonly failed: (error: unknown) => void;
  /** Whether a claim is under way. */
  claiming: boolean;
  /** Whether its turn came while a claim was under way that may have come too early. */
  again: boolean;
  /** Whether its time is up: one last look, then no more. */
  over: boolean;
}

/** All that this isolate has in one lock's queue. */
interface Queue {
  readonly name: string;
  readonly waiters: Map<string, Waiter>;
  timer: Timer | undefined;
  /** When to look by itself. */
  lookAt: number;
  looking: boolean;
}

/** How long an isolate relies on being told, at most. */
const LOOK_MS = 1_000;
/** What is kept of a deadline to say who holds the lock. */
const LAST_LOOK_MS = 50;
/** What a server's rounding can add to the end of a hold. */
const ROUNDING_MS = 1;

/**
 * The attempts of one isolate that wait for their turn. The script that frees a lock tells the
 * isolate whose turn it is, which then claims the grant; a timer per contended lock looks when the
 * hold should be over, and at the latest each second, for what the push does not tell: a holder that expired, a message that was lost, a Redis that lost its state.
 */
export class LockWaiters {
  readonly #store: LockStore;
  readonly #clock: Clock;
  readonly #watch: ScopeWatch;
  readonly #queues = new Map<string, Queue>();

  constructor(
    options: { readonly store: LockStore; readonly clock: Clock; readonly watch: ScopeWatch },
  ) {
    this.#store = options.store;
    this.#clock = options.clock;
    this.#watch = options.watch;
  }

  /** How many wait now. */
  get size(): number {
    let size = 0;
    for (const { waiters } of this.#queues.values()) size += waiters.size;
    return size;
  }

  /**
   * Waits for an attempt's turn, for at most `waitMs`. Where it rejects, the attempt may still be in
   * the queue, or even be granted: the caller withdraws it.
   *
   * @throws {EndedError} when the scope ends
   * @throws {RealmgateError} `redis_unavailable` if Redis is away when the wait is over
   */
  wait(
    attempt: Attempt,
    options: {
      readonly ticket: string;
      readonly leftMs: number;
      readonly waitMs: number;
      readonly scope: Scope;
    },
  ): Promise<Waited> {
    const { ticket, leftMs, waitMs, scope } = options;
    return new Promise((resolve, reject) => {
      const leftForIt = scope.deadlineAt - this.#clock.now() - LAST_LOOK_MS;
      const patience = this.#watch.open({ timeoutMs: Math.max(0, Math.min(waitMs, leftForIt)) });
      const leave = () => {
        patience.close();
        scope.offEnd(ended);
        this.#remove(attempt);
      };
      const waiter: Waiter = {
        attempt,
        ticket,
        trace: scope.trace,
        claiming: false,
        again: false,
        over: false,
        done: (waited) => {
          leave();
          resolve(waited);
        },
        failed: (error) => {
          leave();
          reject(error);
        },
      };
      const ended = (end: ScopeEnd) => waiter.failed(new EndedError(end));
      const queue = this.#add(waiter);
      this.#lookIn(queue, leftMs);
      patience.onEnd(() => {
        waiter.over = true;
        void this.#claim(queue, waiter);
      });
      scope.onEnd(ended);
    });
  }

  /** It is an attempt's turn. */
  onTurn(name: string, attempt: string): void {
    if (this.#takeTurn(name, attempt)) return;
    // It can come in one packet with the reply that put the attempt into the queue: then whoever
    // sent the attempt begins to wait only once all of the packet was read.
    this.#clock.after(0, () => {
      if (!this.#takeTurn(name, attempt)) void this.#passOn(name, attempt);
    });
  }

  /** Looks at every lock at once: messages may have been lost, or Redis its state. */
  lookNow(): void {
    for (const queue of this.#queues.values()) void this.#look(queue);
  }

  /** Ends every wait. */
  endAll(end: ScopeEnd): void {
    for (const { waiters } of [...this.#queues.values()]) {
      for (const waiter of [...waiters.values()]) waiter.failed(new EndedError(end));
    }
  }

  /** @returns whether the attempt waits here */
  #takeTurn(name: string, attempt: string): boolean {
    const queue = this.#queues.get(name);
    const waiter = queue?.waiters.get(attempt);
    if (queue === undefined || waiter === undefined) return false;
    void this.#claim(queue, waiter);
    return true;
  }

  /**
   * Nobody waits for a turn: a look that reached the server late has put the attempt back after its
   * grant. Where this fails, the turn is over by itself.
   */
  async #passOn(name: string, attempt: string): Promise<void> {
    await this.#store.leave(name, attempt).catch(() => {});
  }

  async #claim(queue: Queue, waiter: Waiter): Promise<void> {
    if (waiter.claiming) {
      waiter.again = true;
      return;
    }
    const { attempt, ticket, trace } = waiter;
    waiter.claiming = true;
    waiter.again = false;
    const last = waiter.over;
    const sentAt = this.#clock.now();
    try {
      const result = await this.#store.within(trace).acquire(attempt, {
        wait: !last,
        ticket,
      });
      waiter.claiming = false;
      if ("leftMs" in result) this.#lookIn(queue, result.leftMs);
      if (result.kind !== "queued") return waiter.done({ result, sentAt });
    } catch (error) {
      waiter.claiming = false;
      if (last) return waiter.failed(error);
      this.#lookIn(queue, LOOK_MS);
    }
    if ((waiter.over || waiter.again) && queue.waiters.has(attempt.id)) {
      void this.#claim(queue, waiter);
    }
  }

  async #look(queue: Queue): Promise<void> {
    queue.timer?.cancel();
    queue.timer = undefined;
    queue.lookAt = Infinity;
    if (queue.looking || queue.waiters.size === 0) return;
    queue.looking = true;
    try {
      // A claim under way may be granted, and would leave a place behind that nobody waits in.
      const waiting = [...queue.waiters.values()].filter(({ claiming }) => !claiming);
      const { turnOf, leftMs } = await this.#store.check(
        queue.name,
        waiting.map(({ attempt: { id }, ticket }) => ({ id, ticket })),
      );
      this.#lookIn(queue, leftMs);
      const waiter = turnOf === undefined ? undefined : queue.waiters.get(turnOf);
      if (waiter !== undefined) void this.#claim(queue, waiter);
    } catch {
      // The client says in the log when Redis is away.
      this.#lookIn(queue, LOOK_MS);
    } finally {
      queue.looking = false;
    }
  }

  /**
   * Has the next look at a lock come when a hold of `leftMs` should be over, and no later than it was
   * to come anyway: that others get their turns says nothing of those who lost their places.
   */
  #lookIn(queue: Queue, leftMs: number): void {
    if (queue.waiters.size === 0) return;
    const delayMs = Math.min(Math.max(leftMs, 0) + ROUNDING_MS, LOOK_MS);
    const lookAt = this.#clock.now() + delayMs;
    if (lookAt >= queue.lookAt) return;
    queue.lookAt = lookAt;
    queue.timer?.cancel();
    queue.timer = this.#clock.after(delayMs, () => void this.#look(queue));
  }

  #add(waiter: Waiter): Queue {
    const { name, id } = waiter.attempt;
    let queue = this.#queues.get(name);
    if (queue === undefined) {
      queue = { name, waiters: new Map(), timer: undefined, lookAt: Infinity, looking: false };
      this.#queues.set(name, queue);
    }
    queue.waiters.set(id, waiter);
    return queue;
  }

  #remove({ name, id }: Attempt): void {
    const queue = this.#queues.get(name);
    if (queue === undefined || !queue.waiters.delete(id) || queue.waiters.size > 0) return;
    queue.timer?.cancel();
    this.#queues.delete(name);
  }
}
