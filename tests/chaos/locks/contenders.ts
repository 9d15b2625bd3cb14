import type { Arena } from "../support/arena.ts";
import { ContenderProcess } from "./contender_process.ts";
import type { ContenderEvent, ContenderSetup, ContestedLock } from "./events.ts";

/** Client processes, and workers in each. */
const PROCESSES = 4;
const WORKERS = 3;
/** Those whose way to Redis, if they have one, leads through the proxy. */
const PROXIED = 2;
const WAIT_MS = 10_000;
const START_MS = 60_000;

/** What the clients of a phase have in common. */
export interface ContendersOptions {
  readonly system: ContenderSetup["system"];
  readonly locks: readonly ContestedLock[];
  readonly ttlMs: number;
  readonly holdMs: number;
  readonly onEvent: (event: ContenderEvent) => void;
}

/** The client processes of a phase. */
export class Contenders {
  readonly #arena: Arena;
  readonly #options: ContendersOptions;
  readonly #processes: ContenderProcess[] = [];
  #started = 0;

  constructor(arena: Arena, options: ContendersOptions) {
    this.#arena = arena;
    this.#options = options;
  }

  get locks(): readonly string[] {
    return this.#options.locks.map(({ name }) => name);
  }

  /** Starts them all; returns once they contend. */
  async start(): Promise<void> {
    await Promise.all(Array.from({ length: PROCESSES }, (_, place) => this.#startAt(place)));
  }

  /**
   * Has some process hold on to its next grant, and returns it once it does. It writes and goes on
   * when it is told to `go`.
   */
  async holdBack(): Promise<{
    readonly process: ContenderProcess;
    readonly ask: string;
  }> {
    const process = this.#processes[Math.floor(Math.random() * this.#processes.length)];
    if (process === undefined) throw new Error("Cannot hold a grant back: no client runs");
    const holding = process.next("holding", { withinMs: 20_000 });
    await process.tell("hold");
    return { process, ask: (await holding).ask };
  }

  /** Starts a process in the place of one that was killed. */
  async replace(process: ContenderProcess): Promise<void> {
    await this.#startAt(this.#processes.indexOf(process));
  }

  /** Ends them all. */
  async stop(): Promise<void> {
    await Promise.all(this.#processes.map((process) => process.stop()));
  }

  async #startAt(place: number): Promise<void> {
    const { system, locks, ttlMs, holdMs, onEvent } = this.#options;
    const process = new ContenderProcess({
      client: `${system}-${this.#started++}`,
      system,
      workers: WORKERS,
      locks,
      ttlMs,
      waitMs: WAIT_MS,
      holdMs,
      services: this.#arena.fleet.urls,
      apiKey: this.#arena.apiKey,
      redis: this.#arena.redis.address({ proxied: place < PROXIED }),
    }, onEvent);
    this.#processes[place] = process;
    await process.next("ready", { withinMs: START_MS });
  }
}
