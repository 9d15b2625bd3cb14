import { Redis } from "ioredis";
import type { RedisAddress } from "../support/redis_address.ts";
import type { ControlKind } from "./control_setup.ts";

/** A statement's answer for one player. */
export interface ControlKey {
  readonly id: string;
  readonly statement: string;
}

/** A cache of one isolate, as it is written by hand. */
export interface ControlCache {
  /** What is cached, or what `load` answers, which is cached then. */
  get<T>(
    key: ControlKey,
    load: () => Promise<T>,
  ): Promise<{ readonly value: T; readonly hit: boolean }>;
  /** A player was written: no isolate may keep what it has of it. */
  drop(id: string): Promise<void>;
}

const TTL_MS = 30_000;
const CHANNEL = "control:changed";
const PATIENCE_MS = 250;

/** Opens the cache of one isolate. */
export function openControlCache(
  options: { readonly kind: ControlKind; readonly redis: RedisAddress },
): ControlCache {
  switch (options.kind) {
    case "messages":
      return withMessages(options.redis);
    case "generations":
      return withGenerations(options.redis);
    case "none":
      return {
        get: async (_key, load) => ({ value: await load(), hit: false }),
        drop: () => Promise.resolve(),
      };
  }
}

/** Entries of each player by statement, with a time to live. */
class Entries {
  readonly #players = new Map<
    string,
    Map<string, { value: unknown; mark: string; until: number }>
  >();

  find<T>({ id, statement }: ControlKey, mark: string): T | undefined {
    const entry = this.#players.get(id)?.get(statement);
    const good = entry !== undefined && entry.mark === mark && entry.until > performance.now();
    return good ? entry.value as T : undefined;
  }

  keep({ id, statement }: ControlKey, value: unknown, mark: string): void {
    const entries = this.#players.get(id) ?? new Map();
    entries.set(statement, { value, mark, until: performance.now() + TTL_MS });
    this.#players.set(id, entries);
  }

  drop(id: string): void {
    this.#players.delete(id);
  }
}

function withMessages(address: RedisAddress): ControlCache {
  const entries = new Entries();
  const publisher = connect(address);
  const subscriber = connect(address);
  subscriber.on("message", (_channel: string, id: string) => entries.drop(id));
  subscriber.subscribe(CHANNEL).catch(() => {});
  return {
    async get<T>(key: ControlKey, load: () => Promise<T>) {
      const found = entries.find<T>(key, "");
      if (found !== undefined) return { value: found, hit: true };
      const value = await load();
      entries.keep(key, value, "");
      return { value, hit: false };
    },
    drop(id) {
      entries.drop(id);
      // A write shall not wait for Redis.
      publisher.publish(CHANNEL, id).catch(() => {});
      return Promise.resolve();
    },
  };
}

function withGenerations(address: RedisAddress): ControlCache {
  const entries = new Entries();
  const redis = connect(address);
  const name = (id: string) => `control:generation:${id}`;
  return {
    async get<T>(key: ControlKey, load: () => Promise<T>) {
      const mark = await soon(redis.get(name(key.id))).then((text) => text ?? "0", () => undefined);
      if (mark === undefined) return { value: await load(), hit: false };
      const found = entries.find<T>(key, mark);
      if (found !== undefined) return { value: found, hit: true };
      const value = await load();
      entries.keep(key, value, mark);
      return { value, hit: false };
    },
    async drop(id) {
      entries.drop(id);
      await soon(redis.incr(name(id))).catch(() => {});
    },
  };
}

function connect(address: RedisAddress): Redis {
  const redis = "url" in address ? new Redis(address.url) : new Redis({
    sentinels: [...address.sentinels],
    name: address.master,
    username: address.username,
    password: address.password,
  });
  redis.on("error", () => {});
  return redis;
}

/** Rejects when Redis takes too long. */
function soon<T>(promise: Promise<T>): Promise<T> {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(() => reject(new Error("Redis is late")), PATIENCE_MS);
    promise.then(resolve, reject).finally(() => clearTimeout(timer));
  });
}
