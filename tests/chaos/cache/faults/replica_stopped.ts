import { pause } from "../../support/pause.ts";
import { type Fault, HEALTHY_MS } from "../fault.ts";

const STOPPED_MS = 8_000;

/**
 * The replica of a shard applies nothing for a while, still acknowledges all that it receives, and
 * answers what was true before.
 */
export const replicaStopped: Fault = {
  name: "replica stopped",
  promise: "B1",
  boundMs: HEALTHY_MS,
  control: { kind: "messages", loads: "replica", overtaken: false },
  async inject({ arena: { realm: { stack: { shards } } }, round }) {
    const replica = shards[round % shards.length]?.replicas[0];
    await replica?.sql("STOP SLAVE SQL_THREAD");
    try {
      await pause(STOPPED_MS);
    } finally {
      await replica?.sql("START SLAVE SQL_THREAD");
    }
    return { processes: [] };
  },
};
