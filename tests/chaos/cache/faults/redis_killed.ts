import { pause } from "../../support/pause.ts";
import { type Fault, TROUBLED_MS } from "../fault.ts";

const DOWN_MS = 2_500;

/** Redis is killed, and comes back without its data. */
export const redisKilled: Fault = {
  name: "redis killed",
  promise: "B2",
  boundMs: TROUBLED_MS,
  control: { kind: "messages", loads: "primary", overtaken: false },
  async inject({ arena: { redis: { server } } }) {
    server.kill("SIGKILL");
    await server.stop();
    await server.forget();
    await pause(Math.random() * DOWN_MS);
    await server.start();
    return { processes: [] };
  },
};
