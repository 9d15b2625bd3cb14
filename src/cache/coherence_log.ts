import type { Trace } from "../core/telemetry.ts";
import type { RedisClient } from "../drivers/redis.ts";
import { type CacheEvent, decodeEvents, encodeEvents, type Intent } from "./cache_event.ts";
import { LEAVE, OVERDUE, RECORD, RENEW } from "./coherence_scripts.ts";
import { type CacheKeys, cacheKeys } from "./redis_keys.ts";
import type { Ask, Renewal } from "./renewal.ts";

/** Messages that the log keeps: those of some seconds, for readers that reconnect. */
export const LOG_MESSAGES = 4_096;

/** What a log is made of. */
export interface CoherenceLogOptions {
  readonly redis: Pick<RedisClient, "run">;
  readonly fleet: string;
}

/**
 * The fleet's log of cache events in Redis: one script a call. Each throws
 * {@linkcode RealmgateError} `redis_unavailable`, with the outcome `unknown` where the script may
 * have run.
 */
export class CoherenceLog {
  /** Where each message is published. */
  readonly channel: string;
  readonly #redis: Pick<RedisClient, "run">;
  readonly #keys: CacheKeys;

  constructor({ redis, fleet }: CoherenceLogOptions) {
    this.#redis = redis;
    this.#keys = cacheKeys(fleet);
    this.channel = this.#keys.channel;
  }

  /** Appends events as one message, in their order, and publishes it. */
  async record(events: readonly CacheEvent[], trace?: Trace): Promise<void> {
    const opened: Intent[] = [];
    const closed: string[] = [];
    for (const event of events) {
      if (event.kind === "intent") opened.push(event);
      else if (event.kind !== "dropped") closed.push(event.id);
    }
    await this.#redis.run(RECORD, {
      keys: [...this.#keys.log, this.#keys.values],
      args: [
        this.channel,
        encodeEvents(events),
        LOG_MESSAGES,
        opened.length,
        ...opened.flatMap((intent) => [intent.id, intent.limitMs, encodeEvents([intent])]),
        ...closed,
      ],
      trace,
    });
  }

  /**
   * Renews an isolate's read lease.
   *
   * @param reader.id the isolate's
   * @param reader.epoch the epoch and sequence that it knows
   * @param reader.holdMs for how long nothing may be stored if that epoch is over
   */
  async renew(
    ask: Ask,
    reader: {
      readonly id: string;
      readonly epoch: string;
      readonly sequence: number;
      readonly holdMs: number;
    },
  ): Promise<Renewal> {
    const { id, epoch, sequence, holdMs } = reader;
    const reply = await this.#redis.run(RENEW, {
      keys: [...this.#keys.log, this.#keys.readers],
      args: [ask, id, epoch, String(sequence), holdMs, LOG_MESSAGES],
    });
    const [now, last, ...rest] = reply as [string, string, ...unknown[]];
    const base = { epoch: now, sequence: Number(last) };
    switch (ask) {
      case "plain":
        return base;
      case "log":
        return { ...base, log: toMessages(now, rest[0] as string[]) };
      case "full": {
        const [holdUs, intents] = rest as [string, string[]];
        return { ...base, holdMs: Number(holdUs) / 1_000, intents: toIntents(intents) };
      }
    }
  }

  /** Says that a reader leaves, and that it has no write under way. */
  async leave(id: string): Promise<void> {
    await this.#redis.run(LEAVE, { keys: [this.#keys.readers], args: [id] });
  }

  /** The writes that should be over and of which nobody has said how they ended. */
  async overdue(): Promise<Intent[]> {
    return toIntents(
      await this.#redis.run(OVERDUE, { keys: this.#keys.log, args: [] }) as string[],
    );
  }
}

function toMessages(epoch: string, parts: readonly string[]): NonNullable<Renewal["log"]> {
  const messages = [];
  for (let at = 0; at + 2 < parts.length; at += 3) {
    const [sequence, previous, events = "[]"] = parts.slice(at, at + 3);
    messages.push({
      epoch,
      sequence: Number(sequence),
      previous: Number(previous),
      events: decodeEvents(events),
    });
  }
  return messages;
}

function toIntents(texts: readonly string[]): Intent[] {
  return texts.flatMap((text) => decodeEvents(text)).filter((event) => event.kind === "intent");
}
