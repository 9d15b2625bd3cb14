import type { Fault } from "../fault.ts";
import { heldByOther } from "./held_by_other.ts";

/** Redis is killed and comes back without its data, while a holder holds on. */
export const redisEmptied: Fault = {
  name: "redis emptied",
  losesGrants: true,
  control: ["overlaps", "stale writes"],
  refuses: true,
  ttlMs: 5_000,
  async inject(stage) {
    const { arena: { redis: { server } }, contenders, disturbances, clock } = stage;
    const { process, ask } = await contenders.holdBack();
    const from = clock();
    server.kill("SIGKILL");
    await server.stop();
    await server.forget();
    await server.start();
    const recoversFrom = clock();
    disturbances.add({ from, to: recoversFrom, everybody: true });
    await heldByOther(stage, ask);
    await process.tell("go");
    return { recoversFrom, locks: contenders.locks };
  },
};
