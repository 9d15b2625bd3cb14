import type { CacheEvent, CacheMessage, Intent, WrittenPlace } from "./cache_event.ts";
import { Doubts } from "./doubts.ts";
import type { Ask, Renewal } from "./renewal.ts";

/** What the state machine has others do; all of it at once, without failing. */
export interface CoherenceEffects {
  /** Drops what has one of these tags, and overtakes the loads that are under way for it. */
  drop(tags: readonly string[]): void;
  /** Drops everything, and overtakes every load. */
  dropAll(): void;
  /** Loads of these tags must from now on see a write; `undefined` for one of unknown place. */
  written(tags: readonly string[], place: WrittenPlace | undefined): void;
  /** Loads of anything must from now on see all that was written until now. */
  forget(): void;
}

/** How long an isolate may answer from its caches after it asked for a renewal, in milliseconds. */
export const LEASE_MS = 2_000;
/** Messages that are kept while earlier ones are fetched. */
const MAX_PENDING = 10_000;

/**
 * The coherence of one isolate's caches with the fleet, as a state machine without I/O: what happens
 * comes in as calls, with the time; what must be done for it goes out through
 * {@linkcode CoherenceEffects}.
 *
 * The rule is that of leases (Gray and Cheriton, 1989): an isolate answers from its caches only for
 * {@linkcode LEASE_MS} after it asked for a renewal which told that it had seen every event until
 * then. So whoever is cut off, stopped or slow stops by itself, and no event needs an
 * acknowledgement by everybody.
 *
 * @example
 * ```ts
 * import { Coherence } from "./coherence.ts";
 * import { assertEquals } from "@std/assert";
 *
 * const nothing = { drop() {}, dropAll() {}, written() {}, forget() {} };
 * const coherence = new Coherence(nothing);
 * assertEquals([coherence.ask(100), coherence.holds(100)], ["full", false]);
 * coherence.renewed({ epoch: "1", sequence: 7, intents: [] }, { ask: "full", sentAt: 100, now: 101 });
 * assertEquals([coherence.holds(2_099), coherence.holds(2_100)], [true, false]);
 * ```
 */
export class Coherence {
  readonly #effects: CoherenceEffects;
  readonly #doubts = new Doubts();
  #epoch = "";
  #sequence = 0;
  /** `current`: every event until `#sequence` was seen. */
  #sight: "current" | "behind" | "blind" = "blind";
  #pending: CacheMessage[] = [];
  #leaseUntil = -Infinity;
  /** While nothing may be stored: writes that nobody knows of may be under way. */
  #holdUntil: number | undefined;

  constructor(effects: CoherenceEffects) {
    this.#effects = effects;
  }

  /** Until when the caches may answer, on the clock that the calls bring. */
  get leaseUntil(): number {
    return this.#leaseUntil;
  }

  /** Whether the caches may answer now. */
  holds(now: number): boolean {
    return now < this.#leaseUntil;
  }

  /** The epoch that is known; empty before the first. */
  get epoch(): string {
    return this.#epoch;
  }

  /** The newest sequence of which everything was seen. */
  get sequence(): number {
    return this.#sequence;
  }

  /** How many writes are known to be under way. */
  get doubts(): number {
    return this.#doubts.size;
  }

  /** Whether a load of these tags may be stored, and joined by others. */
  isSound(tags: readonly string[], now: number): boolean {
    return now < this.#leaseUntil && this.#holdUntil === undefined && !this.#doubts.concern(tags);
  }

  /** Whether a write of any of these tags is under way, as far as is known here. */
  inDoubt(tags: readonly string[]): boolean {
    return this.#doubts.concern(tags);
  }

  /**
   * What the next renewal has to ask for. A lease that is over is not continued: messages are kept
   * from then on until all begins anew, as the answer may be older than they are.
   */
  ask(now: number): Ask {
    if (now >= this.#leaseUntil) this.#sight = "blind";
    if (this.#sight === "blind") return "full";
    return this.#sight === "behind" ? "log" : "plain";
  }

  /** Messages may have been lost: the connection that brings them is gone. */
  disconnected(): void {
    if (this.#sight === "current") this.#sight = "behind";
  }

  /**
   * Takes a message of the channel.
   *
   * @returns whether something is missing, so that a renewal is due at once
   */
  received(message: CacheMessage): boolean {
    if (this.#sight === "current" && message.epoch === this.#epoch) {
      if (message.sequence <= this.#sequence) return false;
      if (message.previous === this.#sequence) {
        this.#take(message);
        return false;
      }
      this.#sight = "behind";
    } else if (message.epoch !== this.#epoch) this.#sight = "blind";
    this.#pending.push(message);
    if (this.#pending.length > MAX_PENDING) {
      this.#pending = [];
      this.#sight = "blind";
    }
    return true;
  }

  /** Something arrived that cannot be read: all that is known is in question. */
  confused(): void {
    this.#sight = "blind";
  }

  /** Something happened in this isolate itself, before others are told. */
  happened(event: Exclude<CacheEvent, Intent>): void {
    this.#apply(event);
  }

  /**
   * Takes the answer to a renewal.
   *
   * @param sent.ask what was asked for
   * @param sent.sentAt when, on the clock of `now`
   * @returns the writes that the log does not know and has to be told of
   */
  renewed(
    renewal: Renewal,
    sent: { readonly ask: Ask; readonly sentAt: number; readonly now: number },
  ): readonly Intent[] {
    const { ask, sentAt, now } = sent;
    if (ask === "full") return this.#begin(renewal, sent);
    if (this.#holdUntil !== undefined && now >= this.#holdUntil) {
      this.#holdUntil = undefined;
      this.#effects.forget();
    }
    // A lease that was lost meanwhile cannot be continued: nobody knows what was missed.
    if (now >= this.#leaseUntil || this.#sight === "blind") return [];
    if (renewal.epoch !== this.#epoch) {
      this.#sight = "blind";
      return [];
    }
    if (ask === "log" && !this.#catchUp(renewal)) return [];
    if (this.#sight === "current" && this.#sequence >= renewal.sequence) {
      this.#leaseUntil = Math.max(this.#leaseUntil, sentAt + LEASE_MS);
    } else if (this.#sight === "current") this.#sight = "behind";
    return [];
  }

  #begin(
    renewal: Renewal,
    { sentAt, now }: { readonly sentAt: number; readonly now: number },
  ): readonly Intent[] {
    const known = this.#epoch;
    const { epoch, sequence, intents = [], holdMs = 0 } = renewal;
    this.#effects.dropAll();
    this.#effects.forget();
    const told = new Set(intents.map(({ id }) => id));
    const missing = [...this.#doubts.intents].filter(({ id }) => !told.has(id));
    // The same log has closed what it does not list; another one may never have heard of it.
    const same = known === epoch;
    if (same) { for (const { id } of missing) this.#doubts.close(id); }
    for (const intent of intents) this.#doubts.open(intent);
    this.#epoch = epoch;
    this.#sequence = sequence;
    this.#sight = "current";
    this.#leaseUntil = sentAt + LEASE_MS;
    this.#holdUntil = holdMs > 0 ? now + holdMs : undefined;
    this.#drain();
    return same ? [] : missing;
  }

  /** @returns whether the log went back far enough */
  #catchUp({ log = [], sequence }: Renewal): boolean {
    const first = log.find((message) => message.sequence > this.#sequence);
    const reaches = first === undefined
      ? this.#sequence >= sequence
      : first.previous <= this.#sequence;
    if (!reaches) {
      this.#sight = "blind";
      return false;
    }
    this.#sight = "current";
    for (const message of log) {
      if (message.sequence <= this.#sequence) continue;
      if (message.previous > this.#sequence) {
        this.#sight = "blind";
        return false;
      }
      this.#take(message);
    }
    this.#drain();
    return this.#sight === "current";
  }

  /** Takes what came while earlier messages were fetched. */
  #drain(): void {
    const pending = this.#pending;
    this.#pending = [];
    for (const message of pending) {
      // What came before another epoch began is no part of it.
      if (message.epoch === this.#epoch) this.received(message);
    }
  }

  #take(message: CacheMessage): void {
    this.#sequence = message.sequence;
    for (const event of message.events) this.#apply(event);
  }

  #apply(event: CacheEvent): void {
    switch (event.kind) {
      case "intent":
        this.#doubts.open(event);
        return this.#effects.drop(event.tags);
      case "done":
        this.#effects.written(event.tags, event);
        this.#doubts.close(event.id);
        return this.#effects.drop(event.tags);
      case "aborted":
        return this.#doubts.close(event.id);
      case "dropped":
        this.#effects.written(event.tags, event.place);
        return this.#effects.drop(event.tags);
    }
  }
}
