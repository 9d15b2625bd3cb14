import { pause } from "../../support/pause.ts";
import type { Direction } from "../../support/valve_proxy.ts";
import { type Fault, TROUBLED_MS } from "../fault.ts";

/** The way between Redis and one service process is shut; what was sent arrives in the end. */
function shut(options: {
  readonly name: string;
  readonly promise: Fault["promise"];
  readonly directions: readonly Direction[];
  readonly lastsMs: number;
}): Fault {
  const { name, promise, directions, lastsMs } = options;
  return {
    name,
    promise,
    boundMs: TROUBLED_MS,
    control: { kind: "messages", loads: "primary", overtaken: false },
    async inject({ arena: { redis: { valves } } }) {
      for (const valve of valves) directions.forEach((direction) => valve.shut(direction));
      try {
        await pause(lastsMs);
      } finally {
        for (const valve of valves) valve.open();
      }
      return { processes: [] };
    },
  };
}

/** Redis does not hear a process, which hears it. */
export const redisDeaf = shut({
  name: "redis deaf",
  promise: "B4",
  directions: ["to_server"],
  lastsMs: 8_000,
});

/** Redis hears a process, which does not hear it. */
export const redisMute = shut({
  name: "redis mute",
  promise: "B2",
  directions: ["to_client"],
  lastsMs: 8_000,
});

/** A process and Redis do not hear each other, and the process goes on writing. */
export const writerCutOff = shut({
  name: "writer cut off",
  promise: "B4",
  directions: ["to_server", "to_client"],
  lastsMs: 10_000,
});
