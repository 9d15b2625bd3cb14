import type { Trace } from "../core/telemetry.ts";
import type { RedisClient } from "../drivers/redis.ts";
import { tracedRedis } from "../drivers/redis_spans.ts";
import { ACQUIRE, CHECK, INSPECT, LIST, RELEASE, RENEW, WITHDRAW } from "./lock_scripts.ts";

/** One try of one request to get a lock. */
export interface Attempt {
  readonly name: string;
  /** Unique in the fleet: the isolate's id, a full stop and a number. */
  readonly id: string;
  /** What proves the grant, if there is one. */
  readonly token: string;
  readonly ttlMs: number;
  /** Who asks, for people. */
  readonly owner: string;
  /** Where the client sent an idempotency key. */
  readonly once: Once | undefined;
}

/** What makes a retry of the same request find the same grant. */
export interface Once {
  /** The name of the API key that sent it; each has idempotency keys of its own. */
  readonly by: string;
  /** Without white space. */
  readonly key: string;
  /** What must be the same in each retry. */
  readonly fingerprint: string;
}

/** What became of an attempt. `leftMs` is counted from the server's answer. */
export type AttemptResult =
  | {
    readonly kind: "granted";
    /** An earlier attempt's, if it was granted under the same idempotency key. */
    readonly token: string;
    readonly fence: string;
    readonly leftMs: number;
    readonly replayed: boolean;
    /** Whether the holder before let it expire. */
    readonly expired: boolean;
    /** Whether the fence was replaced already; see {@linkcode LockStore.renew}. */
    readonly stamped: boolean;
  }
  | { readonly kind: "queued"; readonly ticket: string; readonly leftMs: number }
  | {
    readonly kind: "held";
    readonly owner: string | null;
    readonly leftMs: number;
    readonly waiters: number;
  }
  /** The queue is full. */
  | { readonly kind: "full" }
  /** The grant under this idempotency key is over. */
  | { readonly kind: "over" }
  /** The idempotency key was used with another request. */
  | { readonly kind: "reused" }
  /** The attempt was withdrawn before it arrived. */
  | { readonly kind: "withdrawn" };

/** A lock as people see it. */
export interface LockView {
  readonly held: boolean;
  readonly owner: string | null;
  /** The last one granted; `null` where there was none in the last 24 hours. */
  readonly fence: string | null;
  readonly remainingMs: number;
  readonly waiters: number;
}

/** A lock that is held, as a list shows it. */
export interface ListedLock extends LockView {
  readonly name: string;
}

/** How long an idempotency key finds its grant after the grant's own time, in milliseconds. */
const ONCE_MS = 600_000;
/** How long a withdrawn attempt is kept from being granted, in milliseconds. */
const TOMBSTONE_MS = 120_000;
/** Attempts that one lock's queue may hold. */
const MAX_QUEUE = 10_000;

/**
 * The locks of a fleet as Redis keeps them: one script a call, and what it answers as a value. Each
 * throws {@linkcode RealmgateError} `redis_unavailable`, with the outcome `unknown` where the
 * script may have run.
 */
export class LockStore {
  readonly #redis: Pick<RedisClient, "run">;
  readonly #fleet: string;
  readonly #wake: string;

  constructor(options: { readonly redis: Pick<RedisClient, "run">; readonly fleet: string }) {
    this.#redis = options.redis;
    this.#fleet = options.fleet;
    this.#wake = `{${options.fleet}}:lock-wake:`;
  }

  /** The same store for a request whose trace its commands are to be in; itself for others. */
  within(trace: Trace | undefined): LockStore {
    if (trace === undefined) return this;
    return new LockStore({ redis: tracedRedis(this.#redis, trace), fleet: this.#fleet });
  }

  /** The channel on which an isolate is told of its attempts' turns: `name attempt`. */
  channelOf(isolate: string): string {
    return this.#wake + isolate;
  }

  /**
   * Grants the lock to an attempt, or puts it into the queue if it waits.
   *
   * @param options.ticket its place, where it is queued already
   */
  async acquire(
    attempt: Attempt,
    options: { readonly wait: boolean; readonly ticket?: string },
  ): Promise<AttemptResult> {
    const { name, id, token, ttlMs, owner, once } = attempt;
    const { wait, ticket = "" } = options;
    const args = [this.#wake, name, token, id, ttlMs * 1_000, wait ? 1 : 0, owner, ticket];
    const reply = await this.#redis.run(ACQUIRE, {
      keys: this.#keysOf(attempt),
      args: once === undefined
        ? [...args, MAX_QUEUE]
        : [...args, MAX_QUEUE, once.fingerprint, ttlMs + ONCE_MS],
    });
    return toResult(reply as readonly [string, ...unknown[]]);
  }

  /** Undoes an attempt, also one that the server has not seen yet. */
  async withdraw(attempt: Attempt): Promise<void> {
    const { name, id, token } = attempt;
    await this.#redis.run(WITHDRAW, {
      keys: this.#keysOf(attempt),
      args: [this.#wake, name, token, id, TOMBSTONE_MS],
    });
  }

  /** Takes an attempt that nobody waits for out of the queue, and passes its turn on. */
  async leave(name: string, id: string): Promise<void> {
    await this.#redis.run(WITHDRAW, {
      keys: this.#keysOf({ name, id, once: undefined }),
      args: [this.#wake, name, "", id, TOMBSTONE_MS],
    });
  }

  /** Gives a lock up. @returns whether it was held with this token (by anyone for `undefined`) */
  async release(name: string, token: string | undefined): Promise<boolean> {
    const reply = await this.#redis.run(RELEASE, {
      keys: [this.#lock(name), this.#queue(name)],
      args: [this.#wake, name, token ?? ""],
    });
    return reply === 1;
  }

  /**
   * Looks at a lock that attempts of this isolate wait for, and puts them back in their places.
   *
   * @returns whose turn it is, or `undefined` while it is held, and how long that lasts
   */
  async check(
    name: string,
    waiting: readonly { readonly id: string; readonly ticket: string }[],
  ): Promise<{ readonly turnOf: string | undefined; readonly leftMs: number }> {
    const reply = await this.#redis.run(CHECK, {
      keys: [this.#lock(name), this.#queue(name)],
      args: [this.#wake, name, ...waiting.flatMap(({ id, ticket }) => [ticket, id])],
    });
    const [turnOf, left] = reply as [string, number];
    return { turnOf: turnOf === "" ? undefined : turnOf, leftMs: left / 1_000 };
  }

  /**
   * Extends grants, all at one instant.
   *
   * @param locks.fence replaces the grant's own
   * @returns of each its fence, or `undefined` if it is lost
   */
  async renew(
    locks: readonly {
      readonly name: string;
      readonly token: string;
      readonly ttlMs: number;
      readonly fence?: string;
    }[],
  ): Promise<(string | undefined)[]> {
    const reply = await this.#redis.run(RENEW, {
      keys: locks.map(({ name }) => this.#lock(name)),
      args: locks.flatMap(({ token, ttlMs, fence }) => [token, ttlMs * 1_000, fence ?? ""]),
    });
    return (reply as string[]).map((fence) => fence === "" ? undefined : fence);
  }

  /** A lock as it is now. */
  async inspect(name: string): Promise<LockView> {
    const reply = await this.#redis.run(INSPECT, {
      keys: [this.#lock(name), this.#queue(name)],
      args: [],
    });
    const [held, ...rest] = reply as [number, string, string, number, number];
    return { held: held === 1, ...toView(rest) };
  }

  /** One step of a walk over the held locks; begin with `"0"`, which also ends it. */
  async list(
    cursor: string,
    prefix: string,
  ): Promise<{ readonly cursor: string; readonly locks: readonly ListedLock[] }> {
    const literal = (text: string) => text.replaceAll(/[\\*?[\]^]/g, "\\$&");
    const reply = await this.#redis.run(LIST, {
      keys: [this.#lock(""), this.#queue("")],
      args: [cursor, `${literal(this.#lock(prefix))}*`],
    });
    const [next, found] = reply as [string, [string, string, string, number, number][]];
    return {
      cursor: next,
      locks: found.map(([name, ...rest]) => ({ name, held: true, ...toView(rest) })),
    };
  }

  #lock(name: string): string {
    return `{${this.#fleet}}:lock:${name}`;
  }

  #queue(name: string): string {
    return `{${this.#fleet}}:lock-queue:${name}`;
  }

  #keysOf({ name, id, once }: Pick<Attempt, "name" | "id" | "once">): string[] {
    const keys = [this.#lock(name), this.#queue(name), `{${this.#fleet}}:lock-attempt:${id}`];
    // Parted by spaces, which neither a lock's name nor an idempotency key has: no two are alike.
    if (once !== undefined) keys.push(`{${this.#fleet}}:lock-once:${name} ${once.by} ${once.key}`);
    return keys;
  }
}

function toResult([kind, ...rest]: readonly [string, ...unknown[]]): AttemptResult {
  switch (kind) {
    case "granted": {
      const [token, fence, left, ...flags] = rest as [string, string, number, ...number[]];
      const [replayed, expired, stamped] = flags.map((flag) => flag === 1);
      return {
        kind,
        token,
        fence,
        leftMs: left / 1_000,
        replayed: replayed === true,
        expired: expired === true,
        stamped: stamped === true,
      };
    }
    case "queued": {
      const [ticket, left] = rest as [string, number];
      return { kind, ticket, leftMs: left / 1_000 };
    }
    case "held": {
      const [owner, left, waiters] = rest as [string, number, number];
      return { kind, owner: owner === "" ? null : owner, leftMs: left / 1_000, waiters };
    }
    case "full":
    case "over":
    case "reused":
    case "withdrawn":
      return { kind };
    default:
      throw new TypeError(`Cannot read a lock's answer: unknown kind, received "${kind}"`);
  }
}

function toView(
  [owner, fence, left, waiters]: readonly [string, string, number, number],
): Omit<LockView, "held"> {
  return {
    owner: owner === "" ? null : owner,
    fence: fence === "" ? null : fence,
    remainingMs: Math.ceil(left / 1_000),
    waiters,
  };
}
