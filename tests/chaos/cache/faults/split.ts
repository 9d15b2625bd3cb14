import { letOthersIn, shutOthersOut } from "../../support/fleet_accounts.ts";
import { pause } from "../../support/pause.ts";
import { currentRoles, promotedOf } from "../../support/sentinel_roles.ts";
import { type Fault, TROUBLED_MS } from "../fault.ts";
import { MAX_LAG_SECONDS } from "../sentinels.ts";

/** For how long there are two masters. */
const TWO_MASTERS_MS = 6_000;

/**
 * The network parts the master and one service process from everybody else: the others promote a
 * replica and go on writing, and the one process hears of nothing, from a master that answers it.
 */
export const split: Fault = {
  name: "split",
  promise: "B3",
  boundMs: TROUBLED_MS + MAX_LAG_SECONDS * 1_000,
  site: "sentinels",
  control: { kind: "messages", loads: "primary", overtaken: false },
  async inject({ arena: { redis: { sentinels, valves } } }) {
    if (sentinels === undefined) throw new TypeError("Cannot split: there are no Sentinels");
    const { master, replicas } = await currentRoles(sentinels);
    for (const valve of valves) {
      valve.shut("to_server");
      valve.shut("to_client");
    }
    await shutOthersOut(master);
    try {
      await sentinels.promoted(await promotedOf(replicas));
      await pause(TWO_MASTERS_MS);
    } finally {
      for (const valve of valves) valve.open();
      await letOthersIn(master);
    }
    await sentinels.demoted(master);
    return { processes: [] };
  },
};
