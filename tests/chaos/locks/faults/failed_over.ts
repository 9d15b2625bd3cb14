import { admitFleet } from "../../support/fleet_accounts.ts";
import { currentRoles, cutReplication, mendReplication } from "../../support/sentinel_roles.ts";
import type { Fault } from "../fault.ts";
import { heldByOther } from "./held_by_other.ts";

/**
 * The master dies with a grant that its replica never heard of, and Sentinel promotes the replica:
 * the lock is granted anew while its first holder still relies on it.
 */
export const failedOver: Fault = {
  name: "failed over",
  site: "sentinels",
  losesGrants: true,
  control: ["overlaps", "stale writes"],
  refuses: true,
  ttlMs: 6_000,
  async inject(stage) {
    const { arena: { redis: { sentinels } }, contenders, disturbances, clock } = stage;
    if (sentinels === undefined) throw new TypeError("Cannot fail over: there are no Sentinels");
    const { master, replicas } = await currentRoles(sentinels);
    const [replica = master] = replicas;
    await cutReplication({ master, replicas });
    const { process, ask } = await contenders.holdBack();
    const from = clock();
    master.kill();
    await sentinels.promoted(replica);
    const recoversFrom = clock();
    await mendReplication(replicas);
    await heldByOther(stage, ask);
    await process.tell("go");
    return {
      recoversFrom,
      locks: contenders.locks,
      async restore() {
        await master.start();
        await admitFleet(master);
        await sentinels.demoted(master);
        disturbances.add({ from, to: clock(), everybody: true });
      },
    };
  },
};
