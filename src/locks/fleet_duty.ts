import type { Clock, Timer } from "../core/clock.ts";
import { RealmgateError } from "../core/errors.ts";
import type { Log } from "../core/log.ts";
import type { Random } from "../core/random.ts";
import type { Held } from "./held_lock.ts";

/** What a duty needs of the locks: to work while no other process of the fleet does. */
export interface Exclusive {
  /**
   * Runs `work` while this process alone has the lock `name`; `undefined`, at once, if somebody else
   * has it.
   *
   * @throws {RealmgateError} `redis_unavailable`, `lock_outcome_unknown`
   */
  withLock<T>(
    name: string,
    options: { readonly ttlMs: number },
    work: (held: Held) => Promise<T>,
  ): Promise<T | undefined>;
}

/** What a {@linkcode FleetDuty} is made of. */
export interface FleetDutyOptions {
  /** The lock's name, or what the names of several begin with. */
  readonly name: string;
  /**
   * How many processes may be on duty at once, by the locks `name:1`, `name:2`, …; each has one of
   * them at most. @default {1, whose lock is `name` itself}
   */
  readonly slots?: number;
  readonly locks: Exclusive;
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Log;
  /** After how long another takes over from a process that fell silent. @default {3_000} */
  readonly ttlMs?: number;
}

/** Who does the work: this process, another one, or, without Redis, each for itself. */
export type DutyState = "ours" | "theirs" | "alone";

/** How often a process that is not on duty tries to be. */
const ATTEMPT_MS = 1_000;

/**
 * Has one process of the fleet on duty for a piece of continuing work, or a few, by a lock that it
 * renews for as long as it lives. When it stops, another takes over within about a second; when it
 * dies or hangs, once the lock has run out as well. Where there are several locks, each process walks
 * along them, one a second, until it has one: as many seconds later all are taken. While Redis cannot
 * be reached nobody knows who is on duty, and every process is `alone`.
 *
 * For a moment one more may believe that it is: the work must bear that. Nobody may be as well, for a
 * few seconds: whoever relies on the work must notice by itself that it is not done.
 *
 * @example
 * ```ts
 * import { type Exclusive, FleetDuty } from "./fleet_duty.ts";
 * import { systemClock } from "../core/clock.ts";
 * import { silentLog } from "../core/log.ts";
 * import { systemRandom } from "../core/random.ts";
 * import { assertEquals } from "@std/assert";
 *
 * const locks: Exclusive = {
 *   withLock: (_name, _options, work) => work({ lost: false, fence: "1", onLost() {} }),
 * };
 * const world = { clock: systemClock, random: systemRandom, log: silentLog };
 * const duty = new FleetDuty({ name: "realmgate:topology", locks, ...world });
 * duty.start();
 * assertEquals(duty.state, "ours");
 * await duty.stop();
 * assertEquals(duty.state, "theirs");
 * ```
 */
export class FleetDuty {
  readonly #options: FleetDutyOptions;
  #held: Held | undefined;
  /** What the last attempt found, for while the lock is not ours. */
  #found: Exclude<DutyState, "ours"> = "theirs";
  #told: DutyState = "theirs";
  #onChange: ((state: DutyState) => void) | undefined;
  /** Ends the work under way. */
  #leave: (() => void) | undefined;
  #attempt: Promise<void> | undefined;
  #timer: Timer | undefined;
  #stopped = false;
  /** How many locks were tried: each attempt tries the next one. */
  #tried = 0;

  constructor(options: FleetDutyOptions) {
    this.#options = options;
  }

  /** Who does the work now; known without waiting. `theirs` before the first attempt has ended. */
  get state(): DutyState {
    return this.#held?.lost === false ? "ours" : this.#found;
  }

  /** Called on each change of {@linkcode state}. One callback; a later one replaces it. */
  onChange(callback: (state: DutyState) => void): void {
    this.#onChange = callback;
  }

  /** Tries at once to be on duty, and from then on each second; also arms a lost timer anew. */
  start(): void {
    if (this.#stopped) return;
    this.#timer?.cancel();
    this.#attempt ??= this.#try().finally(() => {
      this.#attempt = undefined;
      const delayMs = ATTEMPT_MS * (0.75 + this.#options.random.next() / 2);
      if (!this.#stopped) this.#timer = this.#options.clock.after(delayMs, () => this.start());
    });
  }

  /** Stops trying and gives the duty up at once; returns when it is given up. */
  async stop(): Promise<void> {
    this.#stopped = true;
    this.#timer?.cancel();
    this.#leave?.();
    await this.#attempt;
  }

  async #try(): Promise<void> {
    const { locks, name, slots = 1, ttlMs = 3_000, log } = this.#options;
    const lock = slots === 1 ? name : `${name}:${this.#tried++ % slots + 1}`;
    try {
      await locks.withLock(lock, { ttlMs }, (held) => this.#serve(held));
      this.#found = "theirs";
    } catch (error) {
      this.#found = "alone";
      if (!isRedisAway(error)) log.error("duty could not be taken", { duty: name, error });
    }
    this.#tell();
  }

  /** Stays on duty until it is lost or given up. */
  async #serve(held: Held): Promise<void> {
    if (this.#stopped) return;
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#held = held;
    this.#leave = resolve;
    this.#found = "theirs";
    held.onLost(resolve);
    this.#tell();
    await promise;
    this.#held = this.#leave = undefined;
    this.#tell();
  }

  #tell(): void {
    const { state } = this;
    if (state === this.#told) return;
    const { log, name: duty } = this.#options;
    if (state === "ours") log.info("on duty", { duty });
    else if (this.#told === "ours") log.info("off duty", { duty });
    this.#told = state;
    this.#onChange?.(state);
  }
}

function isRedisAway(error: unknown): boolean {
  return error instanceof RealmgateError &&
    (error.code === "redis_unavailable" || error.code === "lock_outcome_unknown");
}
