import { pause } from "../../support/pause.ts";
import { redisCommand } from "../../../support/redis_command.ts";
import { type Fault, TROUBLED_MS } from "../fault.ts";

const LASTS_MS = 5_000;
const MOST_PAUSE_MS = 500;

/**
 * Somebody empties Redis, again and again; nobody's connection ends. A cache that lives by messages
 * alone has nothing there to lose, so the control is one that keeps numbers in Redis.
 */
export const redisEmptied: Fault = {
  name: "redis emptied",
  promise: "B2",
  boundMs: TROUBLED_MS,
  control: { kind: "generations", loads: "primary", overtaken: false },
  async inject({ arena: { redis: { server } }, clock }) {
    for (const endsAt = clock() + LASTS_MS; clock() < endsAt;) {
      await redisCommand(server, "FLUSHALL");
      await pause(Math.random() * MOST_PAUSE_MS);
    }
    return { processes: [] };
  },
};
