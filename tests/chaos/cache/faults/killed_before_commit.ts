import { type Fault, TROUBLED_MS } from "../fault.ts";
import { heldByLocks, lockRows, sendWrites, settleWrites, stageKeys } from "../staged_write.ts";

const WRITES = 6;

/**
 * A process is killed while the database holds its writes, after their intents were recorded; then
 * the database lets them go, and they commit with nobody left to tell of it.
 */
export const killedBeforeCommit: Fault = {
  name: "killed before commit",
  promise: "B4",
  boundMs: TROUBLED_MS,
  control: { kind: "messages", loads: "primary", overtaken: false },
  async inject(stage) {
    const { fleet, round } = stage;
    const killed = round % fleet.urls.length;
    const episodes = await stageKeys(stage, { count: WRITES, boundMs: TROUBLED_MS });
    const rows = await lockRows(stage, episodes);
    try {
      const writes = sendWrites(stage, { episodes, process: killed });
      await heldByLocks(stage, WRITES);
      const restart = await fleet.kill(killed);
      await Promise.all(writes.map(({ outcome }) => outcome));
      await rows.release();
      await settleWrites(stage, { writes, process: 1 - killed });
      await restart();
    } finally {
      await rows.release();
    }
    return [killed];
  },
};
