import { Redis } from "ioredis";
import { Mutex } from "redis-semaphore";
import type { Take } from "./contention.ts";

/**
 * Takes a lock of `redis-semaphore`, the library that its users would pick, with its own defaults
 * but for the times that the other side has. Its clients talk to Redis themselves.
 */
export function overSemaphore(url: string): { readonly take: Take; readonly close: () => void } {
  const connections = Array.from({ length: 4 }, () => new Redis(url));
  return {
    take: async (client) => {
      const redis = connections[client % connections.length] as Redis;
      const mutex = new Mutex(redis as never, "bench:contended", {
        lockTimeout: 10_000,
        acquireTimeout: 60_000,
      });
      await mutex.acquire();
      return () => mutex.release();
    },
    close: () => {
      for (const connection of connections) connection.disconnect();
    },
  };
}
