import type { RedisServer } from "../../../deploy/local/redis_server.ts";
import { eventually } from "../../support/eventually.ts";
import { redisCommand } from "../../support/redis_command.ts";
import type { SentinelStack } from "../../support/sentinel.ts";

/** The server that is the master now, and those that follow it. */
export async function currentRoles(
  { servers }: SentinelStack,
): Promise<{ readonly master: RedisServer; readonly replicas: readonly RedisServer[] }> {
  const masters = await Promise.all(servers.map(isMaster));
  const master = servers.find((_, at) => masters[at]);
  if (master === undefined) throw new Error("Cannot find the master: no server says that it is it");
  return { master, replicas: servers.filter((server) => server !== master) };
}

/** Ends replication; a wrong password keeps it from coming back until {@linkcode mendReplication}. */
export async function cutReplication(
  { master, replicas }: { readonly master: RedisServer; readonly replicas: readonly RedisServer[] },
): Promise<void> {
  for (const replica of replicas) {
    await redisCommand(replica, "CONFIG SET masterauth wrong");
    await eventually(async () => {
      await redisCommand(master, "CLIENT KILL TYPE replica");
      const info = await redisCommand(replica, "INFO replication");
      return info.includes("master_link_status:down");
    });
  }
}

/** Lets servers follow again whoever is the master. */
export async function mendReplication(replicas: readonly RedisServer[]): Promise<void> {
  for (const replica of replicas) await redisCommand(replica, 'CONFIG SET masterauth ""');
}

/** Waits until one of these has become the master. */
export function promotedOf(replicas: readonly RedisServer[]): Promise<RedisServer> {
  return eventually(async () => {
    const masters = await Promise.all(replicas.map(isMaster));
    return replicas.find((_, at) => masters[at]);
  }, { withinMs: 30_000, what: "a replica to be promoted" });
}

/** A server that is down says nothing. */
async function isMaster(server: RedisServer): Promise<boolean> {
  return (await redisCommand(server, "ROLE").catch(() => "")).includes("\r\nmaster\r\n");
}
