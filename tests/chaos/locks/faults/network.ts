import type { Fault, Symptom } from "../fault.ts";
import type { Direction } from "../../support/valve_proxy.ts";
import { pause } from "../../support/pause.ts";

/** The service process whose way to Redis leads through the proxy. */
const PROXIED_SERVICE = 0;

/** Shuts the way between Redis and one service process (some of the control's clients), one way. */
function oneWay(options: {
  readonly name: string;
  readonly direction: Direction;
  readonly lastsMs: number;
  readonly ttlMs: number;
  readonly control: readonly Symptom[];
}): Fault {
  const { name, direction, lastsMs, ttlMs, control } = options;
  return {
    name,
    losesGrants: false,
    control,
    refuses: false,
    ttlMs,
    async inject({ arena: { redis: { valves } }, contenders, disturbances, clock }) {
      const from = clock();
      for (const valve of valves) valve.shut(direction);
      try {
        await pause(lastsMs);
      } finally {
        for (const valve of valves) valve.open();
      }
      const recoversFrom = clock();
      disturbances.add({ from, to: recoversFrom, services: [PROXIED_SERVICE] });
      return { recoversFrom, locks: contenders.locks };
    },
  };
}

/** Redis does not hear a service, which hears it; what was sent arrives in the end. */
export const deafRedis = oneWay({
  name: "redis deaf",
  direction: "to_server",
  lastsMs: 2_500,
  ttlMs: 1_000,
  control: ["overtakes"],
});

/** Redis hears a service and answers, and the answers do not arrive until it is too late. */
export const muteRedis = oneWay({
  name: "redis mute",
  direction: "to_client",
  lastsMs: 2_500,
  ttlMs: 1_000,
  control: ["overlaps", "overtakes"],
});

/** Answers dawdle: for longer than a lock lives, and less than a service waits for them. */
export const slowAnswers = oneWay({
  name: "slow answers",
  direction: "to_client",
  lastsMs: 850,
  ttlMs: 400,
  control: ["overlaps", "overtakes"],
});
