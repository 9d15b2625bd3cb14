import { Acquirer, type AcquireRequest, type FenceSource, type Grant } from "./acquirer.ts";
import type { Clock } from "../core/clock.ts";
import { RealmgateError } from "../core/errors.ts";
import type { Random } from "../core/random.ts";
import type { Scope, ScopeWatch } from "../core/scope.ts";
import { EndedError, untilEnd } from "../core/until_end.ts";
import type { RedisClient } from "../drivers/redis.ts";
import { type Held, HeldLock } from "./held_lock.ts";
import { lockFailure } from "./lock_failure.ts";
import { LockCounters, type LockStats } from "./lock_stats.ts";
import { type Attempt, type ListedLock, LockStore, type LockView } from "./lock_store.ts";
import { LockWaiters } from "./lock_waiters.ts";
import { validForMs } from "./validity.ts";
import { Withdrawals } from "./withdrawals.ts";

/** One lock's renewal. */
export interface Renewal {
  readonly name: string;
  readonly held: boolean;
  /** As in {@linkcode Grant}; 0 where it is lost. */
  readonly validForMs: number;
  /** `undefined` where it is lost. */
  readonly fence: string | undefined;
}

/** What a manager works with; it owns none of it. */
export interface DistributedLockManagerOptions {
  readonly redis: RedisClient;
  readonly fleet: string;
  readonly clock: Clock;
  readonly random: Random;
  readonly watch: ScopeWatch;
  /** Where fences come from when not from Redis. @default {all come from Redis} */
  readonly fenceOf?: FenceSource;
}

/** How long the service's own work waits for Redis. */
const OWN_TIMEOUT_MS = 2_000;

/**
 * Locks that the whole fleet shares, kept in Redis: one holder at a time, first come first served,
 * each grant with a token that proves it, a fence that only grows, and a time for which it can be
 * relied on.
 *
 * What is promised: one holder at a time for as long as Redis keeps its state; and that a write with
 * a fence is refused once its shard knows a newer one, whatever became of Redis.
 */
export class DistributedLockManager {
  readonly #options: DistributedLockManagerOptions;
  readonly #store: LockStore;
  readonly #waiters: LockWaiters;
  readonly #withdrawals: Withdrawals;
  readonly #counters = new LockCounters();
  readonly #acquirer: Acquirer;
  readonly #isolate: string;
  #closed = false;

  constructor(options: DistributedLockManagerOptions) {
    this.#options = options;
    const isolate = this.#isolate = options.random.token().slice(0, 16);
    const store = this.#store = new LockStore(options);
    const waiters = this.#waiters = new LockWaiters({ ...options, store });
    this.#withdrawals = new Withdrawals({ ...options, store });
    this.#acquirer = new Acquirer({
      ...options,
      isolate,
      store,
      waiters,
      counters: this.#counters,
      fenceOf: options.fenceOf ?? (() => undefined),
      takeBack: (attempt) => this.takeBack(attempt),
    });
  }

  /** Begins to listen for turns. A Redis that is away does not hold it up. */
  async initialize(): Promise<void> {
    const { redis } = this.#options;
    redis.onState((state) => {
      if (state === "down" || this.#closed) return;
      void this.#withdrawals.retry();
      this.#waiters.lookNow();
    });
    await redis.subscribe(this.#store.channelOf(this.#isolate), (message) => {
      const [name = "", attempt = ""] = message.split(" ");
      this.#waiters.onTurn(name, attempt);
    });
  }

  /** Ends every wait with `shutting_down` and takes those attempts back. */
  async shutdown(): Promise<void> {
    this.#closed = true;
    this.#waiters.endAll("shutting_down");
    await this.#acquirer.idle();
    await this.#withdrawals.retry();
    this.#withdrawals.close();
  }

  /**
   * Acquires a lock, waiting in line for at most `waitMs`. Whatever goes wrong once something was
   * sent, the attempt is taken back, now or as soon as Redis answers.
   *
   * @throws {RealmgateError} `lock_held`, `lock_outcome_unknown`, `redis_unavailable`, `lock_lost`
   * (the grant under this idempotency key is over), `idempotency_key_reused`, `overloaded`,
   * `client_closed_request`, `shutting_down`
   */
  async acquire(request: AcquireRequest, scope: Scope): Promise<Grant> {
    if (this.#closed) throw lockFailure(new EndedError("shutting_down"));
    return await this.#acquirer.acquire(request, scope);
  }

  /** Undoes a grant that nobody received, or what an attempt may have become. Never fails. */
  takeBack(attempt: Attempt): void {
    this.#counters.withdrawn++;
    void this.#withdrawals.add(attempt);
  }

  /**
   * Extends grants, all at one instant.
   *
   * @throws {RealmgateError} `redis_unavailable`, `lock_outcome_unknown`
   */
  async renew(
    locks: readonly { readonly name: string; readonly token: string; readonly ttlMs: number }[],
    options: { readonly arrivedAt: number; readonly scope: Scope },
  ): Promise<Renewal[]> {
    const { arrivedAt, scope } = options;
    const beforeGrantAt = this.#options.clock.now();
    const fences = await this.#ask(scope, this.#store.within(scope.trace).renew(locks));
    return locks.map(({ name, ttlMs }, at) => {
      const fence = fences[at];
      if (fence === undefined) this.#counters.lost++;
      else this.#counters.renewed++;
      const valid = fence === undefined
        ? 0
        : validForMs({ arrivedAt, beforeGrantAt, leftMs: ttlMs });
      return { name, held: fence !== undefined, validForMs: Math.max(0, valid), fence };
    });
  }

  /**
   * Gives a lock up.
   *
   * @param lock.token the grant's; `undefined` releases it whoever holds it
   * @returns whether it was held so
   * @throws {RealmgateError} as {@linkcode renew}
   */
  async release(
    lock: { readonly name: string; readonly token: string | undefined },
    scope: Scope,
  ): Promise<boolean> {
    const store = this.#store.within(scope.trace);
    const released = await this.#ask(scope, store.release(lock.name, lock.token));
    if (released) this.#counters.released++;
    return released;
  }

  /** A lock as it is now. @throws {RealmgateError} as {@linkcode renew} */
  inspect(name: string, scope: Scope): Promise<LockView> {
    return this.#ask(scope, this.#store.within(scope.trace).inspect(name));
  }

  /**
   * Held locks whose names begin with `prefix`, in no order, at most `limit`. It walks over all that
   * the fleet keeps in Redis.
   *
   * @throws {RealmgateError} as {@linkcode renew}
   */
  async list(
    options: { readonly prefix: string; readonly limit: number },
    scope: Scope,
  ): Promise<ListedLock[]> {
    const { prefix, limit } = options;
    const found = new Map<string, ListedLock>();
    const store = this.#store.within(scope.trace);
    let cursor = "0";
    do {
      const page = await this.#ask(scope, store.list(cursor, prefix));
      for (const lock of page.locks) if (found.size < limit) found.set(lock.name, lock);
      cursor = page.cursor;
    } while (cursor !== "0" && found.size < limit);
    return [...found.values()];
  }

  /**
   * Runs the service's own `work` while this process alone in the fleet has the lock; `undefined`,
   * at once, if somebody else has it. The work must end soon after `held.lost`.
   *
   * @throws {RealmgateError} `redis_unavailable`, `lock_outcome_unknown`, and what `work` throws
   */
  async withLock<T>(
    name: string,
    options: { readonly ttlMs: number },
    work: (held: Held) => Promise<T>,
  ): Promise<T | undefined> {
    const { clock } = this.#options;
    const { ttlMs } = options;
    const owner = `isolate ${this.#isolate}`;
    const arrivedAt = clock.now();
    let grant: Grant;
    try {
      grant = await this.#own((scope) =>
        this.acquire({ name, ttlMs, waitMs: 0, owner, arrivedAt }, scope)
      );
    } catch (error) {
      if (error instanceof RealmgateError && error.code === "lock_held") return undefined;
      throw error;
    }
    const { token, fence, attempt } = grant;
    const renew = async () => {
      const renewedAt = clock.now();
      const [renewal] = await this.#own((scope) =>
        this.renew([{ name, token, ttlMs }], { arrivedAt: renewedAt, scope })
      );
      return renewal?.held === true ? renewedAt + renewal.validForMs : undefined;
    };
    const validUntil = arrivedAt + grant.validForMs;
    const held = new HeldLock({ fence, ttlMs, validUntil, clock, renew });
    held.start();
    try {
      return await work(held);
    } finally {
      held.stop();
      await this.#withdrawals.add(attempt);
    }
  }

  /** What this isolate did with locks. */
  get stats(): LockStats {
    const waiting = this.#waiters.size;
    return this.#counters.snapshot({ waiting, withdrawing: this.#withdrawals.size });
  }

  async #ask<T>(scope: Scope, answer: Promise<T>): Promise<T> {
    try {
      return await untilEnd(scope, answer);
    } catch (error) {
      throw lockFailure(error);
    }
  }

  async #own<T>(run: (scope: Scope) => Promise<T>): Promise<T> {
    const scope = this.#options.watch.open({ timeoutMs: OWN_TIMEOUT_MS });
    try {
      return await run(scope);
    } finally {
      scope.close();
    }
  }
}
