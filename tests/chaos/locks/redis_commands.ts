import { Redis } from "ioredis";

/** Commands that clients send; the others in the statistics are what scripts do. */
const SENT = {
  realmgate: ["evalsha", "eval", "ping", "subscribe"],
  control: ["set", "eval", "evalsha"],
} as const;

/** How many commands a Redis server was sent for locks since it started. */
export async function countCommands(url: string, system: keyof typeof SENT): Promise<number> {
  const redis = new Redis(url, { maxRetriesPerRequest: 1 });
  redis.on("error", () => {});
  try {
    const text = await redis.info("commandstats");
    return SENT[system].reduce((sum, name) => {
      const calls = new RegExp(`^cmdstat_${name}:calls=(\\d+)`, "m").exec(text)?.[1];
      return sum + Number(calls ?? 0);
    }, 0);
  } finally {
    redis.disconnect();
  }
}
