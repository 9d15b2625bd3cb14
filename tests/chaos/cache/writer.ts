import { pause } from "../support/pause.ts";
import type { Episode } from "./episode.ts";
import type { Episodes } from "./episodes.ts";
import type { GatewayClient } from "./gateway.ts";
import { PLAIN, type Route, SLOW } from "./statements.ts";

/** The longest pause between two pieces of work. */
const PAUSE_MS = 20;
/** After that somebody is there again who was not. */
const AWAY_MS = 100;
/** How often a hot key is written. */
const HOT_EVERY_MS = 100;
/** The share of turns in which one of many keys is written. */
const WIDE = 0.1;
/** The shares of writes that run in a transaction under a fence, and that come in a batch. */
const [FENCED, BATCHED] = [0.1, 0.1];
/** The share of writes after which the writer reads what it wrote. */
const READ_BACK = 0.5;

/** What a writer writes; nobody else writes these keys. */
export interface WriterOptions {
  readonly episodes: Episodes;
  readonly hot: readonly number[];
  readonly wide: readonly number[];
  readonly slowly: boolean;
  /** Clients of every process, to find out what became of a write. */
  readonly others: readonly GatewayClient[];
  /** A write that no gateway hears of. */
  readonly bypass: (key: number) => Promise<void>;
  /** The newest version that a key surely has. */
  readonly versionOf: (key: number) => number | undefined;
  readonly clock: () => number;
  readonly signal: AbortSignal;
}

/** Writes one key after the other over one connection, and knows what they have. */
export class Writer {
  readonly #client: GatewayClient;
  readonly #options: WriterOptions;
  #nextHotAt = 0;
  #hotTurns = 0;

  constructor(client: GatewayClient, options: WriterOptions) {
    this.#client = client;
    this.#options = options;
  }

  /** Goes on until it is stopped. */
  async run(): Promise<void> {
    const { hot, wide, signal } = this.#options;
    for (const key of [...hot, ...wide]) await this.#findOut(key, PLAIN);
    while (!signal.aborted) {
      await this.#turn();
      await pause(Math.random() * PAUSE_MS);
    }
  }

  async #turn(): Promise<void> {
    const { episodes, hot, wide, clock } = this.#options;
    const now = clock();
    const episode = episodes.nextWork(now);
    if (episode !== undefined) return await this.#advance(episode);
    const key = hot[this.#hotTurns % hot.length];
    if (key !== undefined && now >= this.#nextHotAt) {
      this.#nextHotAt = now + HOT_EVERY_MS / hot.length;
      this.#hotTurns++;
      await this.#write(key, PLAIN);
    } else if (Math.random() < WIDE) {
      await this.#write(wide[Math.floor(Math.random() * wide.length)] ?? 0, PLAIN);
    }
  }

  /** Takes a key that is written once a step further; nobody else does meanwhile. */
  async #advance(episode: Episode): Promise<void> {
    const { bypass, clock } = this.#options;
    const { key, plan: { route, writer } } = episode;
    if (episode.state === "new") {
      episode.claim();
      if (await this.#findOut(key, route)) episode.begin(clock());
      return;
    }
    episode.writing();
    switch (writer) {
      case "database":
        await bypass(key);
        await this.#findOut(key, route);
        break;
      case "told":
        await this.#writeAndTell(key, route);
        break;
      default:
        await this.#write(key, route);
    }
    episode.written(clock());
  }

  async #write(key: number, route: Route): Promise<void> {
    const { slowly } = this.#options;
    const dice = Math.random();
    const form = dice < FENCED ? "fenced" : dice < FENCED + BATCHED ? "batch" : "exec";
    const outcome = await this.#client.write(key, route, form);
    switch (outcome) {
      case "acknowledged":
        if (Math.random() < READ_BACK) await this.#client.read(key, route);
        if (slowly && route === PLAIN && Math.random() < READ_BACK / 5) {
          await this.#client.read(key, SLOW);
        }
        return;
      case "unknown":
        await this.#findOut(key, route);
        return;
      case "refused":
        await pause(AWAY_MS);
    }
  }

  /** Nothing is promised where the caches cannot be told. */
  async #writeAndTell(key: number, route: Route): Promise<void> {
    const { bypass, versionOf } = this.#options;
    const version = (versionOf(key) ?? 0) + 1;
    await bypass(key);
    const told = await this.#client.drop(key, version);
    if (told && Math.random() < READ_BACK) await this.#client.read(key, route);
  }

  /** Reads a key from its primary, by whichever process answers; `false` if it was stopped first. */
  async #findOut(key: number, route: Route): Promise<boolean> {
    const { others, signal } = this.#options;
    for (let turn = 0; !signal.aborted; turn++) {
      const other = others[(this.#client.process + turn) % others.length];
      if (await other?.prove(key, route) !== undefined) return true;
      await pause(AWAY_MS);
    }
    return false;
  }
}
