import { pause } from "../../support/pause.ts";
import { type Fault, TROUBLED_MS } from "../fault.ts";
import { briefPlans } from "../plans.ts";
import { BRIEFLY_MS } from "../statements.ts";

/** Redis hangs for a while: it keeps its state, and reads all that was sent meanwhile. */
export function redisStoppedFor(stoppedMs: number): Fault {
  return {
    name: "redis stopped",
    promise: "B2",
    boundMs: TROUBLED_MS,
    control: { kind: "messages", loads: "primary", overtaken: false },
    async inject({ arena: { redis: { server } } }) {
      server.kill("SIGSTOP");
      try {
        await pause(stoppedMs);
      } finally {
        server.kill("SIGCONT");
      }
      return { processes: [] };
    },
  };
}

/** It hangs for longer than any lease. */
export const redisStopped = redisStoppedFor(10_000);

/** The same under statements that may be served a little stale. */
export const redisStoppedLenient: Fault = {
  ...redisStoppedFor(12_000),
  name: "redis stopped, lenient",
  promise: "B5",
  boundMs: BRIEFLY_MS,
  plans: briefPlans(BRIEFLY_MS, "gateway"),
};
