import { Redis } from "ioredis";

/** Commands that clients send; the others in the statistics are what scripts do. */
const SENT = {
  realmgate: ["evalsha", "eval", "ping", "subscribe"],
  control: ["set", "eval", "evalsha"],
} as const;

/** How many commands a Redis server was sent for locks, since `run` began. */
export interface CommandCount {
  readonly run: string;
  readonly commands: number;
}

/** Asks a Redis server; `undefined` if it is down. */
export async function countCommands(
  url: string,
  system: keyof typeof SENT,
): Promise<CommandCount | undefined> {
  const redis = new Redis(url, { maxRetriesPerRequest: 1 });
  redis.on("error", () => {});
  try {
    const text = await redis.info("everything");
    const field = (pattern: RegExp) => pattern.exec(text)?.[1] ?? "";
    const commands = SENT[system].map((name) =>
      Number(field(new RegExp(`^cmdstat_${name}:calls=(\\d+)`, "m")))
    );
    return {
      run: field(/^run_id:(\w+)/m),
      commands: commands.reduce((sum, calls) => sum + calls, 0),
    };
  } catch {
    return undefined;
  } finally {
    redis.disconnect();
  }
}

/** How many commands came between two counts; NaN if the server began anew meanwhile. */
export function commandsBetween(
  before: CommandCount | undefined,
  after: CommandCount | undefined,
): number {
  if (before === undefined || after === undefined || before.run !== after.run) return NaN;
  return after.commands - before.commands;
}
