import { pause } from "../support/pause.ts";
import type { Episode, Plan } from "./episode.ts";
import { Episodes } from "./episodes.ts";
import { GatewayClient, type GatewayOptions } from "./gateway.ts";
import type { KeySpace } from "./key_space.ts";
import { Reader } from "./reader.ts";
import { Sleeper } from "./sleeper.ts";
import { Writer } from "./writer.ts";

/** Connections that read, that write, and that read slowly, at each service process. */
const [READERS, WRITERS, SLEEPERS] = [8, 2, 2];
/** Keys that are written once and live at one time. */
const EPISODES = 50;
/** Keys that are read slowly too. */
const SLEPT_ON = 3;

/** What a load is made of. */
export interface LoadOptions extends GatewayOptions {
  readonly keys: KeySpace;
  readonly plans: readonly Plan[];
  /** How long a key is read after its only write. */
  readonly watchMs: number;
  /** Whether slow loads and writes race for hot keys. */
  readonly slowly: boolean;
  /** A write that no gateway hears of. */
  readonly bypass: (key: number) => Promise<void>;
}

/**
 * Clients that read and write one system: a few keys written all the time, many written now and then,
 * and many that are written once and then watched.
 */
export class Load {
  readonly #options: LoadOptions;
  readonly #episodes: Episodes;
  readonly #clients: GatewayClient[] = [];
  readonly #stopping = new AbortController();
  #running: Promise<unknown> = Promise.resolve();

  constructor(options: LoadOptions) {
    this.#options = options;
    const { plans, watchMs, keys: { once } } = options;
    this.#episodes = new Episodes({ count: EPISODES, keys: once, plans, watchMs });
  }

  /** Learns what the keys have, then begins. */
  start(): void {
    const { urls, slowly, keys } = this.#options;
    const episodes = this.#episodes;
    const signal = this.#stopping.signal;
    const writers = urls.flatMap((_url, process) =>
      Array.from({ length: WRITERS }, (_, n) => process * WRITERS + n).map((number) => {
        const mine = (all: readonly number[]) =>
          all.filter((_key, at) => at % (urls.length * WRITERS) === number);
        const [hot, wide] = [mine(keys.hot), mine(keys.wide)];
        return new Writer(this.#client(`writer-${number}`, process), {
          ...this.#options,
          episodes,
          hot,
          wide,
          versionOf: (key) => this.versionOf(key),
          others: urls.map((_, other) => this.#client(`prover-${number}-${other}`, other)),
          signal,
        });
      })
    );
    const readers = urls.flatMap((_url, process) =>
      Array.from({ length: READERS }, (_, n) => {
        const name = `reader-${process}-${n}`;
        const client = this.#client(name, process);
        return new Reader(client, {
          ...this.#options,
          name,
          episodes,
          hot: keys.hot,
          wide: keys.wide,
          signal,
        });
      })
    );
    const sleepers = urls.flatMap((_url, process) =>
      Array.from(
        { length: slowly ? SLEEPERS : 0 },
        (_, n) =>
          new Sleeper(this.#client(`sleeper-${process}-${n}`, process), {
            keys: keys.wide.slice(0, SLEPT_ON),
            signal,
          }),
      )
    );
    const all = [...writers, ...readers, ...sleepers];
    this.#running = Promise.all(all.map((client) => client.run()));
  }

  /** A key that has been read on every connection and is written by the caller, if at all. */
  async stage(plan: Omit<Plan, "writer" | "warm">): Promise<Episode> {
    const { urls, clock } = this.#options;
    const episode = this.#episodes.stage({ ...plan, warm: true, writer: "fault" });
    const clients = urls.map((_, process) => this.#client(`stage-${episode.key}`, process));
    for (let turn = 0; episode.state === "claimed"; turn++) {
      const version = await clients[turn % clients.length]?.prove(episode.key, plan.route);
      if (version !== undefined) episode.begin(clock());
    }
    const giveUpAt = clock() + 5_000;
    while (episode.visits < urls.length * READERS && clock() < giveUpAt) await pause(20);
    return episode;
  }

  /** The newest version that a key surely has. */
  versionOf(key: number): number | undefined {
    return this.#options.recording.versionOf(key);
  }

  /** Has a client read one of the keys that are watched. */
  async look(client: GatewayClient): Promise<void> {
    const episode = this.#episodes.nextRead("", this.#options.clock());
    if (episode !== undefined) await client.read(episode.key, episode.plan.route);
  }

  /** A client of the caller's own. */
  client(name: string, process: number): GatewayClient {
    return new GatewayClient(name, { ...this.#options, process });
  }

  /** Ends it once what is under way has ended. */
  async stop(): Promise<void> {
    this.#stopping.abort();
    await this.#running;
    for (const client of this.#clients) client.close();
  }

  #client(name: string, process: number): GatewayClient {
    const client = this.client(name, process);
    this.#clients.push(client);
    return client;
  }
}
