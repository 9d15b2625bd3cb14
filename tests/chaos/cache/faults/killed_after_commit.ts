import { BEHIND_VALVES } from "../../support/arena.ts";
import { type Fault, TROUBLED_MS } from "../fault.ts";
import { heldByLocks, lockRows, sendWrites, settleWrites, stageKeys } from "../staged_write.ts";

const WRITES = 6;

/**
 * A process commits writes and is killed before Redis hears of it: while the database holds them, the
 * process's way to Redis is shut. What it said last is lost with it, or, in every other round,
 * arrives after its death.
 */
export const killedAfterCommit: Fault = {
  name: "killed after commit",
  promise: "B4",
  boundMs: TROUBLED_MS,
  rounds: 2,
  control: { kind: "messages", loads: "primary", overtaken: false },
  async inject(stage) {
    const { arena: { redis: { valves } }, fleet, round } = stage;
    const process = 1 - BEHIND_VALVES;
    const episodes = await stageKeys(stage, { count: WRITES, boundMs: TROUBLED_MS });
    const rows = await lockRows(stage, episodes);
    let unheard = 0;
    try {
      const writes = sendWrites(stage, { episodes, process: BEHIND_VALVES });
      await heldByLocks(stage, WRITES);
      for (const valve of valves) valve.shut("to_server");
      await rows.release();
      unheard = await settleWrites(stage, { writes, process });
      const restart = await fleet.kill(BEHIND_VALVES);
      await Promise.all(writes.map(({ outcome }) => outcome));
      for (const valve of valves) {
        if (round % 2 === 0) valve.cut();
        valve.open();
      }
      await restart();
    } finally {
      await rows.release();
      for (const valve of valves) valve.open();
    }
    return { processes: [BEHIND_VALVES], unheard };
  },
};
