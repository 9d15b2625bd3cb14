import { pause } from "../../support/pause.ts";
import { type Fault, TROUBLED_MS } from "../fault.ts";
import { sendWrites, settleWrites, stageKeys } from "../staged_write.ts";

/** Writes that are under way when their process is killed. */
const WRITES = 24;
/** What lies between two of them, so that they are not all equally far. */
const APART_MS = 2;

/** A process is killed in the middle of many writes, somewhere between their beginning and end. */
export const writerKilled: Fault = {
  name: "writer killed",
  promise: "B4",
  boundMs: TROUBLED_MS,
  // Not every time does it meet a write that is committed and not told of.
  rounds: 3,
  control: { kind: "messages", loads: "primary", overtaken: false },
  async inject(stage) {
    const { fleet, round } = stage;
    const killed = round % fleet.urls.length;
    const episodes = await stageKeys(stage, { count: WRITES, boundMs: TROUBLED_MS });
    const writes = sendWrites(stage, { episodes, process: killed, apartMs: APART_MS });
    await pause((0.5 + Math.random() / 2) * WRITES * APART_MS);
    const restart = await fleet.kill(killed);
    await Promise.all(writes.map(({ outcome }) => outcome));
    const unheard = await settleWrites(stage, { writes, process: 1 - killed });
    await restart();
    return { processes: [killed], unheard };
  },
};
