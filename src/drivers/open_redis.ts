import { Redis, type RedisOptions } from "ioredis";
import type { Random } from "../core/random.ts";
import type { RedisSentinelTarget, RedisTarget } from "./redis_target.ts";

/** How ioredis is to behave at any target. */
export interface OpenRedisOptions {
  /** The limit of a connection attempt, and of a Sentinel's answer. */
  readonly timeoutMs: number;
  /** The pause before the next attempt to connect, in milliseconds. */
  readonly pauseMs: () => number;
  /** Told the address that a Sentinel named, before it is connected to. */
  readonly onAddress: (address: string) => void;
}

/**
 * Makes ioredis's client, which does not connect yet, with its queueing and resending off. It
 * never gives up connecting by itself.
 */
export function openRedis(target: RedisTarget, options: OpenRedisOptions): Redis {
  const common = {
    lazyConnect: true,
    enableOfflineQueue: false,
    autoResendUnfulfilledCommands: false,
    autoResubscribe: false,
    maxRetriesPerRequest: 0,
    connectTimeout: options.timeoutMs,
    disconnectTimeout: 100,
    maxLoadingRetryTime: 250,
    retryStrategy: options.pauseMs,
  } satisfies RedisOptions;
  switch (target.kind) {
    case "url":
      return new Redis(target.url, common);
    case "sentinel":
      return new Redis({ ...common, ...throughSentinels(target, options) });
  }
}

/**
 * Selects the target's database on a new connection. ioredis asked for it too, but passes over a
 * refusal, and the commands would run in database 0: that of another fleet, maybe.
 *
 * @throws {Error} if the server refuses, or does not answer
 */
export async function selectDatabase(redis: Redis): Promise<void> {
  const { db = 0 } = redis.options;
  // Where every connection begins; some servers know no other, and no SELECT.
  if (db !== 0) await redis.select(db);
}

/** How long to wait after that many failures: up to a second, with chance, so that not all come at once. */
export function reconnectPauseMs(failures: number, random: Random): number {
  return Math.min(50 * 2 ** Math.min(failures, 10), 1_000) * (0.5 + random.next() / 2);
}

function throughSentinels(target: RedisSentinelTarget, options: OpenRedisOptions) {
  const { username, password, sentinelPassword, database = 0, tls = false } = target;
  return {
    sentinels: [...target.sentinels],
    name: target.master,
    role: "master" as const,
    db: database,
    ...(username === undefined ? {} : { username }),
    ...(password === undefined ? {} : { password }),
    ...(sentinelPassword === undefined ? {} : { sentinelPassword }),
    ...(tls ? { tls: {}, sentinelTLS: {}, enableTLSForSentinelMode: true } : {}),
    // A Sentinel that hangs takes the connection and says nothing.
    sentinelCommandTimeout: options.timeoutMs,
    sentinelRetryStrategy: options.pauseMs,
    updateSentinels: false,
    // Ours is SentinelWatch: ioredis's believes whichever Sentinel spoke last, is deaf to one that
    // was away for 20 attempts, and prints its connections' errors.
    failoverDetector: false,
    // Not to map anything: it is told each address that a Sentinel gave.
    natMap: (address: string) => {
      options.onAddress(address);
      return null;
    },
  } satisfies RedisOptions;
}
