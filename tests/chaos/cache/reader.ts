import { pause } from "../support/pause.ts";
import type { Episodes } from "./episodes.ts";
import type { GatewayClient } from "./gateway.ts";
import { PLAIN, type Route, SLOW } from "./statements.ts";

/** The longest pause between two reads. */
const PAUSE_MS = 16;
/** After that somebody is there again who was not. */
const AWAY_MS = 100;
/** The shares of reads that go to keys written once, and to those written all the time. */
const [WATCHED, HOT] = [0.5, 0.25];
/** The share of reads of hot keys that are slow. */
const SLOWLY = 0.1;
/** The shares of reads that come by another way, in another text, and with what one has. */
const [POSTED, BATCHED, AS_NUMBERS, AGAIN] = [0.1, 0.04, 0.2, 0.3];

/** What a reader reads. */
export interface ReaderOptions {
  readonly name: string;
  readonly episodes: Episodes;
  readonly hot: readonly number[];
  readonly wide: readonly number[];
  readonly slowly: boolean;
  readonly clock: () => number;
  readonly signal: AbortSignal;
}

/** Reads one key after the other over one connection. */
export class Reader {
  readonly #client: GatewayClient;
  readonly #options: ReaderOptions;

  constructor(client: GatewayClient, options: ReaderOptions) {
    this.#client = client;
    this.#options = options;
  }

  /** Goes on until it is stopped. */
  async run(): Promise<void> {
    while (!this.#options.signal.aborted) {
      await pause(await this.#readOne() ? Math.random() * PAUSE_MS : AWAY_MS);
    }
  }

  #readOne(): Promise<boolean> {
    const { name, episodes, hot, wide, slowly, clock } = this.#options;
    const dice = Math.random();
    const now = clock();
    if (episodes.hasNewTo(name, now) || dice < WATCHED) {
      const episode = episodes.nextRead(name, now);
      if (episode !== undefined) {
        episode.visit(name);
        return this.#read(episode.key, episode.plan.route);
      }
    }
    if (dice >= WATCHED + HOT) return this.#read(oneOf(wide), PLAIN);
    const route = slowly && Math.random() < SLOWLY ? SLOW : PLAIN;
    return this.#read(oneOf(hot), route);
  }

  #read(key: number, route: Route): Promise<boolean> {
    const dice = Math.random();
    return this.#client.read(key, route, {
      form: dice < POSTED ? "post" : dice < POSTED + BATCHED ? "batch" : "get",
      asNumbers: Math.random() < AS_NUMBERS,
      again: Math.random() < AGAIN,
    });
  }
}

function oneOf(keys: readonly number[]): number {
  return keys[Math.floor(Math.random() * keys.length)] ?? 1;
}
