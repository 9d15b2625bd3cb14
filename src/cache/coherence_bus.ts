import type { Clock, Timer } from "../core/clock.ts";
import type { Log } from "../core/log.ts";
import type { Random } from "../core/random.ts";
import type { Trace } from "../core/telemetry.ts";
import { TimeLimits } from "../core/time_limits.ts";
import type { RedisClient } from "../drivers/redis.ts";
import { Announcer } from "./announcer.ts";
import {
  type CacheEvent,
  decodeMessage,
  type Dropped,
  type Intent,
  type WrittenPlace,
} from "./cache_event.ts";
import { Coherence, type CoherenceEffects } from "./coherence.ts";
import { CoherenceLog } from "./coherence_log.ts";

/** What a bus works with; it owns none of it. */
export interface CoherenceBusOptions {
  readonly redis: RedisClient;
  readonly fleet: string;
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Log;
  readonly effects: CoherenceEffects;
  /** Whether a proxy stands before the servers, so that their sessions cannot be named. @default {false} */
  readonly proxied?: boolean;
  /** The longest that a write with tags can take, in milliseconds. */
  readonly longestWriteMs: () => number;
}

/** How often the read lease is renewed. */
const RENEW_MS = 1_000;
/** For how long the end of a write waits for the next write's intent; doubt lasts so much longer. */
const LINGER_MS = 4;
/** How long a write waits for its intent to be recorded. */
const INTENT_MS = 50;
/** Renewals that one round may need: the first finds something missing, the second fetches it. */
const ROUND_TRIES = 4;

/**
 * Connects the caches of one isolate to the fleet: takes the log's messages in, renews the read
 * lease each second on the connection that brings them, and tells what this isolate writes.
 */
export class CoherenceBus {
  readonly coherence: Coherence;
  readonly #options: CoherenceBusOptions;
  readonly #log: CoherenceLog;
  readonly #announcer: Announcer;
  readonly #limits: TimeLimits;
  readonly #reader: string;
  /** This isolate's writes that are not settled, which nobody else may do, and where they are traced. */
  readonly #active = new Map<string, Trace | undefined>();
  #count = 0;
  /** Connections that were lost. */
  #losses = 0;
  #timer: Timer | undefined;
  #renewing: Promise<void> | undefined;
  #held = false;
  #closed = false;

  constructor(options: CoherenceBusOptions) {
    const { clock, effects, random } = options;
    this.#options = options;
    this.#reader = random.token().slice(0, 16);
    this.coherence = new Coherence(effects);
    this.#log = new CoherenceLog(options);
    this.#announcer = new Announcer((events, trace) => this.#log.record(events, trace), {
      clock,
      ms: LINGER_MS,
    });
    this.#limits = new TimeLimits({ clock, limitMs: INTENT_MS });
  }

  /** Subscribes and asks for the first lease. A Redis that is away does not hold it up. */
  async initialize(): Promise<void> {
    const { redis, clock } = this.#options;
    redis.onState((state) => {
      if (this.#closed) return;
      if (state === "down") return this.#disconnected();
      this.#announcer.resume();
      void this.renew();
    });
    this.#timer = clock.every(RENEW_MS, () => void this.renew());
    await redis.subscribe(this.#log.channel, (text) => this.#receive(text));
    await this.renew();
  }

  /** Stops renewing, and waits for what is on its way. */
  async shutdown(): Promise<void> {
    this.#closed = true;
    this.#timer?.cancel();
    await this.#renewing;
    await this.#announcer.idle();
    // If this fails, whoever comes next waits for a write that there may be.
    if (this.#active.size === 0) await this.#log.leave(this.#reader).catch(() => {});
  }

  /** Renews the read lease now, or joins the renewal that is under way. Never fails. */
  renew(): Promise<void> {
    return this.#renewing ??= this.#renewRound().finally(() => this.#renewing = undefined);
  }

  /**
   * Puts a write's tags in doubt everywhere, before it is sent.
   *
   * @returns the intent, which must be settled however the write ends, and whether it is recorded;
   * if not, nobody else knows of it
   */
  async intend(
    write: Omit<Intent, "kind" | "id">,
    trace?: Trace,
  ): Promise<{ readonly intent: Intent; readonly recorded: boolean }> {
    const id = `${this.#reader}.${++this.#count}`;
    const intent: Intent = { kind: "intent", id, ...write };
    this.#active.set(id, trace);
    return { intent, recorded: await this.#recordInTime(intent, trace) };
  }

  /** A write was applied: nothing older is answered here from now on, and others are told. */
  done(intent: Intent, place: WrittenPlace): void {
    const { id, tags } = intent;
    this.#settle({ kind: "done", id, tags, ...place });
  }

  /** The server refused a write. */
  aborted({ id }: Intent): void {
    this.#settle({ kind: "aborted", id });
  }

  /**
   * Drops tags here, then everywhere.
   *
   * @returns once it is published
   * @throws {RealmgateError} `redis_unavailable`
   */
  drop(dropped: Omit<Dropped, "kind">, trace?: Trace): Promise<void> {
    const event: Dropped = { kind: "dropped", ...dropped };
    this.coherence.happened(event);
    return this.#announcer.tell(event, trace);
  }

  /**
   * @returns once the fleet's log has everything that this isolate told until now
   * @throws {RealmgateError} `redis_unavailable`
   */
  told(): Promise<void> {
    return this.#announcer.told();
  }

  #disconnected(): void {
    this.#losses++;
    this.coherence.disconnected();
  }

  #settle(event: Exclude<CacheEvent, Intent | Dropped>): void {
    const trace = this.#active.get(event.id);
    this.#active.delete(event.id);
    this.coherence.happened(event);
    this.#announcer.keepTelling(event, trace);
  }

  #recordInTime(intent: Intent, trace: Trace | undefined): Promise<boolean> {
    const { redis, proxied = false } = this.#options;
    // An intent that names no session could be settled by nobody: a row in the outbox can.
    if (proxied || redis.state === "down") return Promise.resolve(false);
    return new Promise((resolve) => {
      const limit = this.#limits.begin(() => {
        this.#announcer.takeBack(intent);
        resolve(false);
      });
      const answer = (recorded: boolean) => {
        this.#limits.end(limit);
        resolve(recorded);
      };
      this.#announcer.tell(intent, trace).then(() => answer(true), () => answer(false));
    });
  }

  #receive(text: string): void {
    if (this.#closed) return;
    try {
      const message = decodeMessage(text);
      if (this.coherence.received(message)) void this.renew();
      for (const event of message.events) this.#watchOwn(event);
    } catch (error) {
      if (!(error instanceof TypeError || error instanceof SyntaxError)) throw error;
      this.coherence.confused();
    }
  }

  /**
   * An intent can reach the log after its end was told: from a connection that was given up, or told
   * again by others in a new epoch. It would stay open. Whether they all know its end is not known
   * either, so that loads must see all until now. What the sweepers settled in this isolate's stead
   * is over here too.
   */
  #watchOwn(event: CacheEvent): void {
    if (event.kind === "dropped" || !event.id.startsWith(this.#reader)) return;
    if (event.kind !== "intent") this.#active.delete(event.id);
    else if (!this.#active.has(event.id)) {
      this.#announcer.keepTelling({ kind: "dropped", tags: event.tags, place: undefined });
      this.#announcer.keepTelling({ kind: "aborted", id: event.id });
    }
  }

  async #renewRound(): Promise<void> {
    const { redis, clock } = this.#options;
    try {
      for (let tries = 0; tries < ROUND_TRIES; tries++) {
        if (this.#closed || redis.state === "down") break;
        await this.#renewOnce();
        if (this.coherence.ask(clock.now()) === "plain") break;
      }
    } catch {
      // Without an answer the lease ends by itself. The client says in the log when Redis is away.
    }
    this.#say();
  }

  async #renewOnce(): Promise<void> {
    const { clock, longestWriteMs } = this.#options;
    const { coherence } = this;
    const losses = this.#losses;
    const sentAt = clock.now();
    const ask = coherence.ask(sentAt);
    const renewal = await this.#log.renew(ask, {
      id: this.#reader,
      epoch: coherence.epoch,
      sequence: coherence.sequence,
      holdMs: longestWriteMs(),
    });
    const missing = coherence.renewed(renewal, { ask, sentAt, now: clock.now() });
    // A connection can end with the answer: what comes after that is missed all the same, and the
    // next one may be to a server that knows less.
    if (losses !== this.#losses) coherence.disconnected();
    for (const intent of missing) this.#announcer.keepTelling(intent);
    for (const intent of renewal.intents ?? []) this.#watchOwn(intent);
    for (const { events } of renewal.log ?? []) for (const event of events) this.#watchOwn(event);
    // What was refused though the connection stayed would wait for another one.
    this.#announcer.resume();
  }

  #say(): void {
    const { clock, log } = this.#options;
    const held = this.coherence.holds(clock.now());
    if (held === this.#held) return;
    this.#held = held;
    if (held) log.info("caches are coherent", { epoch: this.coherence.epoch });
    else log.warn("caches are not coherent: reads go to the primaries", {});
  }
}
