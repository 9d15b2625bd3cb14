import type { Fault } from "../fault.ts";

/** The process of a holder is killed; another takes its place. */
export const holderKilled: Fault = {
  name: "holder killed",
  losesGrants: false,
  control: ["overtakes"],
  refuses: false,
  async inject({ contenders, history, disturbances, clock }) {
    const { process, ask } = await contenders.holdBack();
    const from = clock();
    await process.kill();
    disturbances.add({ from, to: Infinity, clients: [process.client] });
    const held = history.asks.get(ask);
    return {
      recoversFrom: held?.grant?.claims[0]?.to ?? from,
      locks: held === undefined ? [] : [held.lock],
      restore: () => contenders.replace(process),
    };
  },
};
