import type { Fault } from "../fault.ts";
import { heldByOther } from "./held_by_other.ts";

/**
 * A holder's process is stopped after the holder looked at its lock, for longer than the lock's time
 * to live. Once another holder's write has landed it goes on, and writes.
 */
export const holderStopped: Fault = {
  name: "holder stopped",
  losesGrants: false,
  control: ["stale writes", "overtakes"],
  refuses: true,
  async inject(stage) {
    const { contenders, history, disturbances, clock } = stage;
    const { process, ask } = await contenders.holdBack();
    const from = clock();
    process.signal("SIGSTOP");
    try {
      await heldByOther(stage, ask);
    } finally {
      await process.tell("go");
      process.signal("SIGCONT");
    }
    disturbances.add({ from, to: clock(), clients: [process.client] });
    const held = history.asks.get(ask);
    return {
      recoversFrom: held?.grant?.claims[0]?.to ?? from,
      locks: held === undefined ? [] : [held.lock],
    };
  },
};
