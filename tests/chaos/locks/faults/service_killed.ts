import { PROCESSES } from "../../support/arena.ts";
import type { Fault } from "../fault.ts";

/** A service process is killed while clients wait through it; then it is started again. */
export const serviceKilled: Fault = {
  name: "service killed",
  losesGrants: false,
  control: undefined,
  refuses: false,
  async inject({ arena, contenders, disturbances, clock }) {
    const number = Math.floor(Math.random() * PROCESSES);
    const recoversFrom = clock();
    const start = await arena.fleet.kill(number);
    return {
      recoversFrom,
      locks: contenders.locks,
      async restore() {
        await start();
        disturbances.add({ from: recoversFrom, to: clock(), services: [number] });
      },
    };
  },
};
