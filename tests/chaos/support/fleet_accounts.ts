import type { RedisServer } from "../../../deploy/local/redis_server.ts";
import { redisCommand } from "../../support/redis_command.ts";

/**
 * Who logs in at Redis where there are Sentinels: the process behind the valves, and the others.
 * Sentinels and replicas do not, so that a fault can part each from the rest.
 */
export const ACCOUNTS = { behindValves: "fleet-behind-valves", direct: "fleet" };

/** The password of both. */
export const ACCOUNT_PASSWORD = "of-the-adversary";

/** Makes the accounts on a server, which forgets them when it ends. */
export async function admitFleet(server: RedisServer): Promise<void> {
  for (const name of Object.values(ACCOUNTS)) {
    await redisCommand(server, `ACL SETUSER ${name} on >${ACCOUNT_PASSWORD} ~* &* +@all`);
  }
}

/** Parts a server from everybody but the process behind the valves. */
export async function shutOthersOut(server: RedisServer): Promise<void> {
  await redisCommand(server, `ACL SETUSER ${ACCOUNTS.direct} off`);
  await redisCommand(server, `CLIENT KILL USER ${ACCOUNTS.direct}`);
  // Together, for whoever sends the first has no right to come back for the second.
  await redisCommand(server, "ACL SETUSER default off\r\nCLIENT KILL USER default SKIPME no");
}

/** Ends what {@linkcode shutOthersOut} began. */
export async function letOthersIn(server: RedisServer): Promise<void> {
  const login = `AUTH ${ACCOUNTS.behindValves} ${ACCOUNT_PASSWORD}`;
  await redisCommand(server, `${login}\r\nACL SETUSER default on nopass ~* &* +@all`);
  await admitFleet(server);
}
