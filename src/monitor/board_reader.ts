import type { Clock } from "../core/clock.ts";
import type { FleetBoard, ReadBulletin } from "./fleet_board.ts";

/** What the other processes told, as it was read. */
export interface Reading {
  /** `undefined` where Redis did not answer. */
  readonly others: readonly ReadBulletin[] | undefined;
  /** Whether it has their latencies. */
  readonly latency: boolean;
  /** When, on the clock's `now()`. */
  readonly at: number;
}

/** What a {@linkcode BoardReader} is made of. */
export interface BoardReaderOptions {
  readonly board: Pick<FleetBoard, "read">;
  /** This process, which is not read. */
  readonly except: string;
  readonly clock: Clock;
  /** How old what is answered may be, in milliseconds. */
  readonly freshMs: number;
}

/** Reads what the other processes tell, once for all who ask at about the same time. */
export class BoardReader {
  readonly #options: BoardReaderOptions;
  #last: Reading = { others: undefined, latency: false, at: -Infinity };
  #current: { readonly latency: boolean; readonly done: Promise<Reading> } | undefined;

  constructor(options: BoardReaderOptions) {
    this.#options = options;
  }

  /** What was read last. */
  get last(): Reading {
    return this.#last;
  }

  /** @param latency whether with latencies, which are most of it */
  read(latency: boolean): Promise<Reading> {
    const { board, except, clock, freshMs } = this.#options;
    const serves = (one: { readonly latency: boolean }) => one.latency || !latency;
    const fresh = clock.now() - this.#last.at < freshMs;
    if (fresh && serves(this.#last)) return Promise.resolve(this.#last);
    if (this.#current !== undefined && serves(this.#current)) return this.#current.done;
    const done = board.read({ except, latency })
      .then((others) => this.#last = { others, latency, at: clock.now() })
      .finally(() => {
        if (this.#current === current) this.#current = undefined;
      });
    const current = this.#current = { latency, done };
    return done;
  }
}
