import type { Route } from "./statements.ts";

/** How a key lives through the one write that it gets. */
export interface Plan {
  readonly route: Route;
  /**
   * Whether every isolate has read it before its write; otherwise all read it for the first time just
   * as it is written, so that the write overtakes their loads.
   */
  readonly warm: boolean;
  /** For how long nobody reads it after its write. @default {0} */
  readonly quietMs?: number;
  /**
   * Who writes it: a client of the gateway; somebody who goes straight to the database, and has the
   * caches told or not; or a fault.
   */
  readonly writer: "gateway" | "told" | "database" | "fault";
}

/** How long before its write a key that nobody knows yet is read for the first time. */
const HEAD_START_MS = 30;

/** What a key is about. */
export type EpisodeState = "new" | "claimed" | "known" | "writing" | "written";

/**
 * A key that is written once and then only read: a change that an isolate misses here is not made good
 * by the next one.
 */
export class Episode {
  readonly key: number;
  readonly plan: Plan;
  readonly #warmMs: number;
  readonly #watchMs: number;
  readonly #visited = new Set<string>();
  #state: EpisodeState = "new";
  #readableFrom = Infinity;
  #dueAt = Infinity;
  #endsAt = Infinity;

  /**
   * @param options.warmMs how long before its write it may be read at first
   * @param options.watchMs how long it is read after its write
   */
  constructor(
    key: number,
    options: { readonly plan: Plan; readonly warmMs: number; readonly watchMs: number },
  ) {
    this.key = key;
    this.plan = options.plan;
    this.#warmMs = options.warmMs;
    this.#watchMs = options.watchMs;
  }

  get state(): EpisodeState {
    return this.#state;
  }

  /** How many readers have come by since it could last be read for the first time. */
  get visits(): number {
    return this.#visited.size;
  }

  /** Somebody finds out what version it has. */
  claim(): void {
    this.#state = "claimed";
  }

  /** Its version is known from now on: its life begins. */
  begin(now: number): void {
    this.#state = "known";
    this.#dueAt = now + this.#warmMs;
    this.#readableFrom = this.plan.warm ? now : this.#dueAt - HEAD_START_MS;
  }

  /** Whether its write is due. */
  isDue(now: number): boolean {
    return this.plan.writer !== "fault" && this.#state === "known" && now >= this.#dueAt;
  }

  /** Its write is about to be sent. */
  writing(): void {
    this.#state = "writing";
    if ((this.plan.quietMs ?? 0) > 0) this.#readableFrom = Infinity;
  }

  /** Its write has come to an end, whatever that was. */
  written(now: number): void {
    const { quietMs = 0 } = this.plan;
    this.#state = "written";
    if (quietMs > 0) {
      this.#visited.clear();
      this.#readableFrom = now + quietMs;
    }
    this.#endsAt = now + this.#watchMs;
  }

  /** Whether it may be read now. */
  isReadable(now: number): boolean {
    return now >= this.#readableFrom;
  }

  /** Whether it was watched for long enough. */
  isOver(now: number): boolean {
    return now >= this.#endsAt;
  }

  /** Whether a reader has yet to come by. */
  isNewTo(reader: string): boolean {
    return !this.#visited.has(reader);
  }

  /** A reader comes by. */
  visit(reader: string): void {
    this.#visited.add(reader);
  }
}
