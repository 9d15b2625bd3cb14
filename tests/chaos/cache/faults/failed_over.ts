import { pause } from "../../support/pause.ts";
import { admitFleet } from "../../support/fleet_accounts.ts";
import {
  currentRoles,
  cutReplication,
  mendReplication,
  promotedOf,
} from "../../support/sentinel_roles.ts";
import { type Fault, TROUBLED_MS } from "../fault.ts";
import { MAX_LAG_SECONDS } from "../sentinels.ts";

/** For how long the master has written what its replicas never heard of. */
const ALONE_MS = 1_500;

/** The master dies with what its replicas never heard of, and Sentinel promotes one of them. */
export const failedOver: Fault = {
  name: "failed over",
  promise: "B3",
  boundMs: TROUBLED_MS + MAX_LAG_SECONDS * 1_000,
  site: "sentinels",
  control: { kind: "messages", loads: "primary", overtaken: false },
  async inject({ arena: { redis: { sentinels } } }) {
    if (sentinels === undefined) throw new TypeError("Cannot fail over: there are no Sentinels");
    const { master, replicas } = await currentRoles(sentinels);
    await cutReplication({ master, replicas });
    await pause(ALONE_MS);
    master.kill("SIGKILL");
    await mendReplication(replicas);
    await sentinels.promoted(await promotedOf(replicas));
    await master.start();
    await admitFleet(master);
    await sentinels.demoted(master);
    return { processes: [] };
  },
};
