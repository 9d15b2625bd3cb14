import type { Clock } from "../core/clock.ts";
import type { Random } from "../core/random.ts";
import type { Scope } from "../core/scope.ts";
import { EndedError, untilEnd } from "../core/until_end.ts";
import { lockFailure, mayHaveEffect, UnsettledError } from "./lock_failure.ts";
import type { LockCounters } from "./lock_stats.ts";
import type { Attempt, AttemptResult, LockStore, Once } from "./lock_store.ts";
import type { LockWaiters } from "./lock_waiters.ts";
import { refusalOf, tooLate } from "./refusals.ts";
import { validForMs } from "./validity.ts";

/** A request for a lock. */
export interface AcquireRequest {
  readonly name: string;
  readonly ttlMs: number;
  /** How long to wait for it; 0 not at all. */
  readonly waitMs: number;
  /** Who asks, for people. */
  readonly owner: string;
  readonly once?: Once | undefined;
  /** When the request arrived, on the clock's `now()`. */
  readonly arrivedAt: number;
}

/** A lock that was granted. */
export interface Grant {
  readonly name: string;
  readonly token: string;
  /** Grows with every grant of this lock; decimal digits. */
  readonly fence: string;
  readonly ttlMs: number;
  /** How long it can be relied on, counted from the instant the client sent its request. */
  readonly validForMs: number;
  /** Whether an earlier request under the same idempotency key got it. */
  readonly replayed: boolean;
  /** What {@linkcode AcquirerParts.takeBack} undoes it by. */
  readonly attempt: Attempt;
}

/** The next fence of a lock, or `undefined` for locks that are fenced by Redis. */
export type FenceSource = (name: string, scope: Scope) => Promise<string> | undefined;

/** What an {@linkcode Acquirer} works with; it owns none of it. */
export interface AcquirerParts {
  readonly store: LockStore;
  readonly waiters: LockWaiters;
  readonly counters: LockCounters;
  readonly clock: Clock;
  readonly random: Random;
  /** This isolate's name among all that ever waited; not a secret. */
  readonly isolate: string;
  readonly fenceOf: FenceSource;
  /** Undoes what an attempt may have become. */
  readonly takeBack: (attempt: Attempt) => void;
}

/** An attempt that was granted, before it is handed out. */
interface Granted {
  readonly token: string;
  readonly fence: string;
  readonly leftMs: number;
  readonly replayed: boolean;
  readonly beforeGrantAt: number;
}

interface Run {
  readonly request: AcquireRequest;
  readonly scope: Scope;
  readonly attempt: Attempt;
}

/** The way of one request from its arrival to a grant, or to an honest refusal. */
export class Acquirer {
  readonly #parts: AcquirerParts;
  #attempts = 0;
  #underWay = 0;
  #onIdle: (() => void) | undefined;

  constructor(parts: AcquirerParts) {
    this.#parts = parts;
  }

  /** See {@linkcode DistributedLockManager.acquire}. */
  async acquire(request: AcquireRequest, scope: Scope): Promise<Grant> {
    const { name, ttlMs, owner, once } = request;
    const id = `${this.#parts.isolate}.${(this.#attempts++).toString(36)}`;
    const attempt = { name, id, token: this.#parts.random.token(), ttlMs, owner, once };
    this.#underWay++;
    try {
      return await this.#run({ request, scope, attempt });
    } catch (error) {
      if (mayHaveEffect(error)) this.#parts.takeBack(attempt);
      throw lockFailure(error, once === undefined ? "later" : "same_key");
    } finally {
      if (--this.#underWay === 0) this.#onIdle?.();
    }
  }

  /** Resolves when no request is under way. */
  async idle(): Promise<void> {
    if (this.#underWay > 0) await new Promise<void>((resolve) => this.#onIdle = resolve);
  }

  async #run(run: Run): Promise<Grant> {
    const { request: { waitMs }, scope, attempt } = run;
    const { clock, store, waiters, counters } = this.#parts;
    const sentAt = clock.now();
    const first = await untilEnd(
      scope,
      store.within(scope.trace).acquire(attempt, { wait: waitMs > 0 }),
    );
    if (first.kind !== "queued") return this.#conclude(run, first, sentAt);
    const waited = await waiters.wait(attempt, { ...first, waitMs, scope }).catch(unsettled);
    if (waited.result.kind === "granted") {
      counters.grantedAfterWait++;
      counters.waitedMs += waited.sentAt - sentAt;
    }
    return this.#conclude(run, waited.result, waited.sentAt);
  }

  #conclude(run: Run, result: AttemptResult, sentAt: number): Grant | Promise<Grant> {
    const { attempt: { name }, scope } = run;
    const { counters, fenceOf } = this.#parts;
    if (result.kind !== "granted") {
      if (result.kind === "held") counters.refused++;
      throw refusalOf(result);
    }
    if (result.expired) counters.expired++;
    const granted = { ...result, beforeGrantAt: sentAt };
    const next = result.stamped ? undefined : fenceOf(name, scope);
    return next === undefined ? this.#hand(run, granted) : this.#stamp(run, granted, next);
  }

  /** Gives a grant a fence from elsewhere; that renews it too, for a fence may take its time. */
  async #stamp(run: Run, granted: Granted, next: Promise<string>): Promise<Grant> {
    const { attempt: { name, ttlMs }, scope } = run;
    const { token, replayed } = granted;
    const fence = await next.catch(unsettled);
    const beforeGrantAt = this.#parts.clock.now();
    const store = this.#parts.store.within(scope.trace);
    const renewal = store.renew([{ name, token, ttlMs, fence }]);
    const [kept] = await untilEnd(scope, renewal).catch(unsettled);
    if (kept === undefined) throw new UnsettledError(tooLate());
    return this.#hand(run, { token, replayed, fence, leftMs: ttlMs, beforeGrantAt });
  }

  #hand({ request, scope, attempt }: Run, granted: Granted): Grant {
    const { clock, counters } = this.#parts;
    const { name, ttlMs, arrivedAt } = request;
    if (scope.ended !== undefined) throw new EndedError(scope.ended);
    const valid = validForMs({ arrivedAt, ...granted });
    // A grant that is over before its answer could arrive is worse than none.
    if (arrivedAt + valid <= clock.now()) throw new UnsettledError(tooLate());
    const { token, fence, replayed } = granted;
    counters.granted++;
    if (replayed) counters.replayed++;
    return {
      name,
      token,
      fence,
      ttlMs,
      validForMs: valid,
      replayed,
      attempt: replayed ? { ...attempt, token } : attempt,
    };
  }
}

function unsettled(error: unknown): never {
  throw error instanceof EndedError ? error : new UnsettledError(error);
}
