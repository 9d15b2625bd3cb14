import type { FleetFaults } from "./model_fleet.ts";

/** Everybody keeps their promises. */
export const NO_FAULTS: FleetFaults = {
  storesOvertaken: false,
  ignoresDoubt: false,
  ignoresFloors: false,
  ignoresLease: false,
  ignoresEra: false,
  acknowledgesFirst: false,
  withoutIntent: false,
  withoutOutbox: false,
  leavesIntents: false,
  leavesRows: false,
  presumesAborted: false,
  overlooksServer: false,
  redis: (client) => client,
  clock: (clock) => clock,
  listener: (listener) => listener,
};
