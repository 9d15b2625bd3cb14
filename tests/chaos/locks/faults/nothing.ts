import type { Fault } from "../fault.ts";
import { pause } from "../../support/pause.ts";

/** No fault: what contention alone costs. */
export const nothing: Fault = {
  name: "nothing",
  losesGrants: false,
  control: ["overtakes"],
  refuses: false,
  async inject({ clock, contenders }) {
    await pause(1_000);
    return { recoversFrom: clock(), locks: contenders.locks };
  },
};

/** No fault, and holders that take their time: what waiting costs. */
export const longHolds: Fault = {
  ...nothing,
  name: "long holds",
  ttlMs: 2_000,
  holdMs: 600,
  maxCommands: 8,
};
