import { pause } from "../../support/pause.ts";
import { redisCommand } from "../../../support/redis_command.ts";
import { type Fault, TROUBLED_MS } from "../fault.ts";

const LASTS_MS = 5_000;
const MOST_PAUSE_MS = 250;

/**
 * Redis ends connections that are subscribed, again and again: what is published until they are back
 * is lost. That is also what Realmgate sends its commands over, for a subscribed connection takes
 * commands in RESP3, and still counts as one of `pubsub`. All others are ended too, in every other
 * round.
 */
export const subscribersKilled: Fault = {
  name: "subscribers killed",
  promise: "B2",
  boundMs: TROUBLED_MS,
  rounds: 2,
  control: { kind: "messages", loads: "primary", overtaken: false },
  async inject({ arena: { redis: { server } }, round, clock }) {
    const types = round % 2 === 0 ? ["pubsub"] : ["pubsub", "normal SKIPME yes"];
    for (const endsAt = clock() + LASTS_MS; clock() < endsAt;) {
      for (const type of types) await redisCommand(server, `CLIENT KILL TYPE ${type}`);
      await pause(Math.random() * MOST_PAUSE_MS);
    }
    return { processes: [] };
  },
};
