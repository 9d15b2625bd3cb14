import { redisCommand } from "../../../support/redis_command.ts";
import { eventually } from "../../../support/eventually.ts";
import type { RedisServer } from "../../../../deploy/local/redis_server.ts";
import type { Fault } from "../fault.ts";
import { heldByOther } from "./held_by_other.ts";

/**
 * The master dies with a grant that its replica never heard of, and Sentinel promotes the replica:
 * the lock is granted anew while its first holder still relies on it.
 */
export const failedOver: Fault = {
  name: "failed over",
  site: "sentinels",
  losesGrants: true,
  control: ["overlaps", "stale writes"],
  refuses: true,
  ttlMs: 6_000,
  async inject(stage) {
    const { arena: { redis: { sentinels } }, contenders, disturbances, clock } = stage;
    if (sentinels === undefined) throw new TypeError("Cannot fail over: there are no Sentinels");
    const { first, second } = sentinels;
    const [master, replica] = await isMaster(first) ? [first, second] : [second, first];
    await cutReplication(master, replica);
    const { process, ask } = await contenders.holdBack();
    const from = clock();
    master.kill();
    await sentinels.promoted(replica);
    const recoversFrom = clock();
    await redisCommand(replica, 'CONFIG SET masterauth ""');
    await heldByOther(stage, ask);
    await process.tell("go");
    return {
      recoversFrom,
      locks: contenders.locks,
      async restore() {
        await master.start();
        await sentinels.demoted(master);
        disturbances.add({ from, to: clock(), everybody: true });
      },
    };
  },
};

async function isMaster(server: RedisServer): Promise<boolean> {
  return (await redisCommand(server, "ROLE").catch(() => "")).includes("\r\nmaster\r\n");
}

/** The replica's connection ends, and a wrong password keeps it from making another. */
async function cutReplication(master: RedisServer, replica: RedisServer): Promise<void> {
  await redisCommand(replica, "CONFIG SET masterauth wrong");
  await eventually(async () => {
    await redisCommand(master, "CLIENT KILL TYPE replica");
    const info = await redisCommand(replica, "INFO replication");
    return info.includes("master_link_status:down");
  });
}
