import type { Fault } from "../fault.ts";
import { heldByOther } from "./held_by_other.ts";
import { pause } from "../../support/pause.ts";

/** Longer than any lock lives. */
const STEP_MS = 10_000;
const STEPPED_MS = 1_000;

/** A step of Redis's clock while locks are held, then back again. */
function stepped(name: string, aheadMs: number): Fault {
  return {
    name,
    site: "server with a clock",
    losesGrants: true,
    control: aheadMs > 0 ? ["overlaps", "stale writes"] : ["overtakes"],
    refuses: aheadMs > 0,
    ttlMs: 3_000,
    async inject(stage) {
      const { arena: { redis: { clock: redisClock } }, contenders, disturbances, clock } = stage;
      const { process, ask } = await contenders.holdBack();
      const from = clock();
      await redisClock?.set(aheadMs);
      if (aheadMs > 0) await heldByOther(stage, ask);
      else await pause(STEPPED_MS);
      await process.tell("go");
      await pause(STEPPED_MS);
      await redisClock?.set(0);
      const recoversFrom = clock();
      disturbances.add({ from, to: recoversFrom, everybody: true });
      return { recoversFrom, locks: contenders.locks };
    },
  };
}

/** It jumps ahead: what is held is over at once. */
export const clockAhead = stepped("clock ahead", STEP_MS);

/** It falls back: what is held would last longer. */
export const clockBack = stepped("clock back", -STEP_MS);
