import { pause } from "../../support/pause.ts";
import { type Fault, HEALTHY_MS } from "../fault.ts";

/** No fault: writes overtake loads, and that is enough. */
export const nothing: Fault = {
  name: "nothing",
  promise: "B1",
  boundMs: HEALTHY_MS,
  rounds: 5,
  control: { kind: "messages", loads: "replica", overtaken: true },
  async inject() {
    await pause(1_000);
    return undefined;
  },
};
