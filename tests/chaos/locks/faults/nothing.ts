import type { Fault } from "../fault.ts";

/** No fault: what contention alone costs. */
export const nothing: Fault = {
  name: "nothing",
  losesGrants: false,
  control: ["overtakes"],
  refuses: false,
  async inject({ clock, contenders }) {
    await new Promise((resolve) => setTimeout(resolve, 1_000));
    return { recoversFrom: clock(), locks: contenders.locks };
  },
};
