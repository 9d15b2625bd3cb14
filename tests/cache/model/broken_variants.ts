import type fc from "fast-check";
import {
  AnswerClock,
  hidesGaps,
  hidesHold,
  hidesIntents,
  hidesNews,
  hidesOverrun,
  slowClock,
} from "./broken_clients.ts";
import type { FleetFaults } from "./model_fleet.ts";
import { NO_FAULTS } from "./no_faults.ts";
import type { HarmName } from "./mishaps.ts";
import type { Schedule } from "./schedule.ts";
import { calmSchedules, roughSchedules } from "./schedules.ts";

/** A fleet in which one rule is broken, and schedules under which that must show. */
export interface BrokenVariant {
  readonly what: string;
  readonly calm: boolean;
  readonly schedules: fc.Arbitrary<Schedule>;
  /** Made for each schedule, as some of it has state. */
  readonly faults: () => FleetFaults;
}

function broken(
  what: string,
  where: "calm" | readonly HarmName[],
  faults: () => Partial<FleetFaults>,
): BrokenVariant {
  const calm = where === "calm";
  return {
    what,
    calm,
    schedules: calm ? calmSchedules : roughSchedules(where),
    faults: () => ({ ...NO_FAULTS, ...faults() }),
  };
}

/** What every rule is for. */
export const BROKEN_VARIANTS: readonly BrokenVariant[] = [
  broken("overtaken loads are stored", "calm", () => ({ storesOvertaken: true })),
  broken("doubt is ignored", ["abandoned"], () => ({ ignoresDoubt: true })),
  broken("floors are ignored", "calm", () => ({ ignoresFloors: true })),
  broken("the lease is ignored", ["network"], () => ({ ignoresLease: true })),
  broken("entries survive a new beginning", ["network"], () => ({ ignoresEra: true })),
  broken("the lease counts from the answer", ["late"], () => {
    const late = new AnswerClock();
    return { redis: late.client, clock: late.clock };
  }),
  broken("an isolate's clock is slow", ["network"], () => ({ clock: slowClock })),
  broken("gaps are ignored", ["network"], () => ({ redis: hidesGaps })),
  broken(
    "the lease is extended although behind",
    ["missed", "network"],
    () => ({ redis: hidesNews }),
  ),
  broken("the end of the log is ignored", ["overrun"], () => ({
    redis: hidesOverrun,
  })),
  broken("open intents are not taken over", ["abandoned"], () => ({ redis: hidesIntents })),
  broken("another server's log is taken for the same", ["orphan"], () => ({
    overlooksServer: true,
  })),
  broken("nothing is held in a new epoch", ["orphan"], () => ({ redis: hidesHold })),
  broken("what was written before a beginning is not looked for", ["missed"], () => ({
    listener: (listener) => ({
      written: (tags, place) => listener.written(tags, place),
      forget: () => {},
    }),
  })),
  broken("writes are acknowledged before they are known here", ["network"], () => ({
    acknowledgesFirst: true,
  })),
  broken("writes have no intent", ["kill"], () => ({ withoutIntent: true })),
  broken("writes without an intent leave no row", ["network"], () => ({ withoutOutbox: true })),
  broken("rows are not published", ["network", "kill"], () => ({ leavesRows: true })),
  broken("intents of the dead stay open", ["kill"], () => ({ leavesIntents: true })),
  broken(
    "writes of the dead are taken for refused",
    ["abandoned"],
    () => ({ presumesAborted: true }),
  ),
];
