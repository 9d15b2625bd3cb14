import type { Clock, Timer } from "../core/clock.ts";
import type { Log } from "../core/log.ts";
import type { RedisClient } from "../drivers/redis.ts";
import { drainsOf, DrainStore, type DrainTable } from "./drain_store.ts";
import type { Drains } from "./topology.ts";

/** What a {@linkcode DrainWatch} is made of. */
export interface DrainWatchOptions {
  /** The fleet's name. */
  readonly fleet: string;
  readonly redis: RedisClient;
  readonly clock: Clock;
  readonly log: Log;
  /** Told whenever a node was drained or taken back. */
  readonly onChange: () => void;
}

/** How often it is looked, should a message have been lost. */
const LOOK_MS = 5_000;

/**
 * What one process knows of the nodes that are drained: it looks at once when it hears of a change
 * and whenever its connection to Redis was made anew, and each 5 s. While Redis is away what it knew
 * stays in force; a Redis that comes back without it is told.
 */
export class DrainWatch {
  readonly #options: DrainWatchOptions;
  readonly #store: DrainStore;
  #known: DrainTable = new Map();
  #drains: Drains = new Map();
  #looking: Promise<void> | undefined;
  /** Whether somebody asked for a look that begins after the one that is under way. */
  #again = false;
  #timer: Timer | undefined;
  #tickedAt = -Infinity;
  #stopped = false;

  constructor(options: DrainWatchOptions) {
    this.#options = options;
    this.#store = new DrainStore(options);
  }

  /** The drained nodes; known without waiting. */
  get drains(): Drains {
    return this.#drains;
  }

  /**
   * Begins to listen. Returns once it knows what is in force; without Redis at once, and then it knows
   * of none until Redis is there.
   */
  async start(): Promise<void> {
    const { redis, log } = this.#options;
    redis.onState((state) => {
      if (state === "up") void this.#look();
    });
    try {
      await redis.subscribe(this.#store.channel, () => void this.#look());
    } catch (error) {
      log.warn("cannot hear at once of nodes that are drained", { error });
    }
    this.rearm();
    await this.#look();
  }

  /** Starts a timer that was lost anew; one that runs keeps its time. */
  rearm(): void {
    const { clock } = this.#options;
    if (this.#stopped || clock.now() - this.#tickedAt < 2 * LOOK_MS) return;
    this.#timer?.cancel();
    this.#tickedAt = clock.now();
    this.#timer = clock.every(LOOK_MS, () => {
      this.#tickedAt = clock.now();
      void this.#look();
    });
  }

  /** Stops looking. */
  stop(): void {
    this.#stopped = true;
    this.#timer?.cancel();
  }

  /** Returns once a look has ended that began after this call. Never fails. */
  #look(): Promise<void> {
    this.#again = true;
    return this.#looking ??= this.#lookOn();
  }

  async #lookOn(): Promise<void> {
    while (this.#again && !this.#stopped) {
      this.#again = false;
      try {
        this.#take(await this.#store.sync(this.#known));
      } catch {
        // The client says in the log when Redis is away.
      }
    }
    this.#looking = undefined;
  }

  #take(table: DrainTable): void {
    const known = this.#known;
    this.#known = table;
    if ([...table].every(([node, said]) => known.get(node) === said)) return;
    this.#drains = drainsOf(table);
    this.#options.onChange();
  }
}
