import { Episode, type Plan } from "./episode.ts";
import type { KeySpace } from "./key_space.ts";

/** Long enough for readers to come by on every connection. */
const WARM_MS = 1_500;
/** The share of keys that are read for longer before their write, and for how much longer at most. */
const [PATIENT, PATIENCE_MS] = [0.4, 9_000];

/** How many of the keys that live at one time, and what they live through. */
export interface EpisodesOptions {
  readonly count: number;
  readonly keys: KeySpace["once"];
  readonly plans: readonly Plan[];
  readonly watchMs: number;
}

/** The keys that are written once: as one has been watched for long enough, another takes its place. */
export class Episodes {
  readonly #options: EpisodesOptions;
  /** Where in the keys this one begins, so that it finds no leavings of another. */
  readonly #offset = Math.floor(Math.random() * 10_000);
  readonly #firstNewKey = 100_000 + Math.floor(Math.random() * 1e9);
  #live: Episode[] = [];
  #begun = 0;
  /** When the next may begin, so that they do not all live and end together. */
  #nextAt = 0;

  constructor(options: EpisodesOptions) {
    this.#options = options;
  }

  /** One that has no version yet, or whose write is due, and that nobody else works on. */
  nextWork(now: number): Episode | undefined {
    this.#renew(now);
    return this.#live.find((episode) => episode.isDue(now)) ?? this.#newcomer(now);
  }

  /** One to read; those first that this reader has not come by. */
  nextRead(reader: string, now: number): Episode | undefined {
    const readable = this.#live.filter((episode) => episode.isReadable(now));
    const fresh = readable.filter((episode) => episode.isNewTo(reader));
    const among = fresh.length > 0 ? fresh : readable;
    return among[Math.floor(Math.random() * among.length)];
  }

  /** Whether a key waits for this reader. */
  hasNewTo(reader: string, now: number): boolean {
    return this.#live.some((episode) => episode.isReadable(now) && episode.isNewTo(reader));
  }

  /** A further key, whose write is its owner's business. */
  stage(plan: Plan): Episode {
    const episode = this.#make(plan);
    episode.claim();
    this.#live.push(episode);
    return episode;
  }

  #newcomer(now: number): Episode | undefined {
    const { count, plans, watchMs } = this.#options;
    if (this.#live.length >= count || now < this.#nextAt) return undefined;
    this.#nextAt = now + (WARM_MS + PATIENT * PATIENCE_MS / 2 + watchMs) / count;
    const plan = plans[this.#begun % plans.length];
    if (plan === undefined) return undefined;
    const episode = this.#make(plan);
    this.#live.push(episode);
    return episode;
  }

  #make(plan: Plan): Episode {
    const { watchMs, keys: { first, last } } = this.#options;
    const number = this.#begun++;
    const key = plan.route.creates === true
      ? this.#firstNewKey + number
      : first + (this.#offset + number) % (last - first);
    const longer = plan.warm && Math.random() < PATIENT ? Math.random() * PATIENCE_MS : 0;
    return new Episode(key, { plan, warmMs: WARM_MS + longer, watchMs });
  }

  #renew(now: number): void {
    if (this.#live.some((episode) => episode.isOver(now))) {
      this.#live = this.#live.filter((episode) => !episode.isOver(now));
    }
  }
}
