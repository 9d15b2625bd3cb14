import { redisCommand } from "../../../support/redis_command.ts";
import { type Fault, type Injected, type Stage, TROUBLED_MS } from "../fault.ts";
import { heldByLocks, lockRows, sendWrites, settleWrites, stageKeys } from "../staged_write.ts";

const WRITES = 6;
/**
 * What lies between them. A write whose intent is late on a busy machine runs in a transaction, which
 * ends with its process: that shall not happen to all of them at once.
 */
const APART_MS = 100;

const common = {
  promise: "B4",
  boundMs: TROUBLED_MS,
  rounds: 2,
  control: { kind: "messages", loads: "primary", overtaken: false },
} as const;

/**
 * A process is killed while the database holds its writes, after their intents were recorded; then
 * the database lets them go, and they commit with nobody left to tell of it.
 */
export const killedBeforeCommit: Fault = {
  ...common,
  name: "killed before commit",
  inject: (stage) => killHolding(stage, { empties: false, kills: true }),
};

/**
 * The same, and Redis is emptied before, so that the intents are known only to those who heard of
 * them. In every other round the process lives, and tells of writes that Redis knows nothing of.
 */
export const intentsForgotten: Fault = {
  ...common,
  name: "intents forgotten",
  inject: (stage) => killHolding(stage, { empties: true, kills: stage.round % 2 === 0 }),
};

async function killHolding(
  stage: Stage,
  { empties, kills }: { readonly empties: boolean; readonly kills: boolean },
): Promise<Injected> {
  const { arena: { redis: { server } }, fleet, round } = stage;
  const writer = round % fleet.urls.length;
  const episodes = await stageKeys(stage, { count: WRITES, boundMs: TROUBLED_MS });
  const rows = await lockRows(stage, episodes);
  try {
    const writes = sendWrites(stage, { episodes, process: writer, apartMs: APART_MS });
    await heldByLocks(stage, WRITES);
    if (empties) await redisCommand(server, "FLUSHALL");
    const restart = kills ? await fleet.kill(writer) : () => Promise.resolve();
    if (kills) await Promise.all(writes.map(({ outcome }) => outcome));
    await rows.release();
    const committed = await settleWrites(stage, { writes, process: 1 - writer });
    await Promise.all(writes.map(({ outcome }) => outcome));
    await restart();
    return kills ? { processes: [writer], unheard: committed } : { processes: [] };
  } finally {
    await rows.release();
  }
}
