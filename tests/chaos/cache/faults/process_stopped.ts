import { pause } from "../../support/pause.ts";
import { redisCommand } from "../../../support/redis_command.ts";
import { type Fault, type Stage, TROUBLED_MS } from "../fault.ts";

const STOPPED_MS = 10_000;
/** Connections over which something is asked for while the process is stopped. */
const LATE = 24;
/** When in the stop they ask at the earliest. */
const LATE_FROM_MS = 4_000;

/**
 * A service process is stopped, and knows nothing of it when it goes on: requests wait for it that
 * were sent all the while, beside the messages that it missed. In the first and every other round
 * Redis ends the subscribed connections meanwhile, as it does to one that does not read.
 */
export const processStopped: Fault = {
  name: "process stopped",
  promise: "B2",
  boundMs: TROUBLED_MS,
  rounds: 2,
  control: { kind: "messages", loads: "primary", overtaken: false },
  async inject({ arena: { redis: { server } }, fleet, load, round }) {
    const stopped = (round >> 1) % fleet.urls.length;
    const clients = Array.from({ length: LATE }, (_, n) => load.client(`late-${n}`, stopped));
    await Promise.all(clients.map((client) => load.look(client)));
    fleet.signal(stopped, "SIGSTOP");
    const late = clients.map((client) => askLate(load, client));
    try {
      if (round % 2 === 0) await redisCommand(server, "CLIENT KILL TYPE pubsub");
      await pause(STOPPED_MS);
    } finally {
      fleet.signal(stopped, "SIGCONT");
    }
    await Promise.all(late);
    return { processes: [stopped] };
  },
};

async function askLate(
  load: Stage["load"],
  client: ReturnType<Stage["load"]["client"]>,
): Promise<void> {
  await pause(LATE_FROM_MS + Math.random() * (STOPPED_MS - LATE_FROM_MS));
  await load.look(client);
  // Whoever had nothing to say meanwhile is answered next.
  await load.look(client);
  client.close();
}
