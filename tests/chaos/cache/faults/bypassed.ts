import { pause } from "../../support/pause.ts";
import type { Fault } from "../fault.ts";
import { briefPlans } from "../plans.ts";
import { BRIEFLY_MS } from "../statements.ts";

/**
 * Somebody writes to the primary past Realmgate: then entries are as old as they may get. The control
 * fails by its longer time to live, so it shows no more than that this would be seen.
 */
export const bypassed: Fault = {
  name: "bypassed",
  promise: "B5",
  boundMs: BRIEFLY_MS,
  plans: briefPlans(BRIEFLY_MS, "database"),
  control: { kind: "messages", loads: "primary", overtaken: false },
  async inject() {
    await pause(2_000);
    return undefined;
  },
};
