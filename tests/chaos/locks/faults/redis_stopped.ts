import type { Fault } from "../fault.ts";
import { pause } from "../../support/pause.ts";

/** For longer than any lock lives and any command may take. */
const STOPPED_MS = 2_500;

/** Redis hangs for a while: it keeps its state, and reads all that was sent meanwhile. */
export const redisStopped: Fault = {
  name: "redis stopped",
  losesGrants: false,
  control: ["overtakes"],
  refuses: false,
  // Long enough for everybody to be back in line, and then to keep it.
  calmMs: 4_000,
  async inject({ arena: { redis: { server } }, contenders, disturbances, clock }) {
    const from = clock();
    server.kill("SIGSTOP");
    try {
      await pause(STOPPED_MS);
    } finally {
      server.kill("SIGCONT");
    }
    const recoversFrom = clock();
    disturbances.add({ from, to: recoversFrom, everybody: true });
    return { recoversFrom, locks: contenders.locks };
  },
};
