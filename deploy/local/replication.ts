import type { MariadbServer, Row } from "./mariadb_server.ts";
import { recordWritable, REPLICATION } from "./stack_file.ts";
import { waitUntil } from "./wait.ts";

/** What {@linkcode joinShard} needs to know. */
export interface ShardContext {
  readonly home: string;
  /** Every node of the shard, the one that was started included. */
  readonly nodes: readonly MariadbServer[];
}

/**
 * Gives a server that was just started its place: a replica of the shard's writable node, or the
 * writable node itself where there is none.
 */
export async function joinShard(server: MariadbServer, context: ShardContext): Promise<void> {
  const peers = await living(context.nodes.filter((node) => node !== server));
  for (const peer of peers) {
    if (await isWritable(peer)) {
      await recordWritable(context.home, server.shard, peer.name);
      // Whoever promoted it may not have; it counts for replicas that connect afterwards.
      await peer.sql("SET GLOBAL rpl_semi_sync_master_enabled = 1");
      return await follow(server, peer);
    }
  }
  await promote(server, context);
}

/**
 * Makes a server its shard's writable node and all living others its replicas. It first applies
 * what it has received, and fetches what another node has more.
 */
export async function promote(server: MariadbServer, context: ShardContext): Promise<void> {
  const peers = await living(context.nodes.filter((node) => node !== server));
  await drainRelayLog(server);
  for (const peer of peers) {
    if (sequence(await position(peer)) > sequence(await position(server))) {
      await beginToFollow(server, peer);
      await caughtUp(server, peer).catch(() => {}); // it went another way: this node's way counts
    }
  }
  // Without a replica the first write would wait the whole time-out for one.
  const semiSync = context.nodes.length > 1 ? 1 : 0;
  await server.sql(
    `STOP SLAVE; RESET SLAVE ALL; SET GLOBAL rpl_semi_sync_master_enabled = ${semiSync};
     SET GLOBAL read_only = 0`,
  );
  await recordWritable(context.home, server.shard, server.name);
  await Promise.all(peers.map((peer) => follow(peer, server)));
}

/**
 * Makes `replica` follow `primary`; returns once it has all that the primary had at the call. A
 * node that holds transactions the primary never had is built anew from the primary's binary log,
 * which is whole from the first transaction on.
 */
export async function follow(replica: MariadbServer, primary: MariadbServer): Promise<void> {
  await beginToFollow(replica, primary);
  try {
    await caughtUp(replica, primary);
  } catch (error) {
    if (!(error instanceof ReplicationStopped)) throw error;
    await replica.stop();
    await replica.forget();
    await replica.start();
    await beginToFollow(replica, primary);
    await caughtUp(replica, primary);
  }
}

/** Whether a server takes writes. */
export async function isWritable(server: MariadbServer): Promise<boolean> {
  const [row] = await server.sql("SELECT @@read_only AS read_only");
  return Number(row?.["read_only"]) === 0;
}

/** The servers that answer. */
export async function living(servers: readonly MariadbServer[]): Promise<MariadbServer[]> {
  const answers = await Promise.all(
    servers.map((server) => server.sql("DO 1", { timeoutMs: 1_000 }).then(() => true, () => false)),
  );
  return servers.filter((_server, index) => answers[index]);
}

class ReplicationStopped extends Error {
  override readonly name = "ReplicationStopped";
}

async function beginToFollow(replica: MariadbServer, primary: MariadbServer): Promise<void> {
  await replica.sql(
    `SET GLOBAL read_only = 1;
     SET GLOBAL rpl_semi_sync_master_enabled = 0;
     STOP SLAVE;
     SET GLOBAL gtid_slave_pos = @@gtid_binlog_pos;
     SET GLOBAL rpl_semi_sync_slave_enabled = 1;
     CHANGE MASTER TO MASTER_HOST = '${primary.host}', MASTER_PORT = ${primary.port},
       MASTER_USER = '${REPLICATION}', MASTER_PASSWORD = '${primary.replicationPassword}',
       MASTER_CONNECT_RETRY = 1, MASTER_USE_GTID = slave_pos;
     START SLAVE`,
  );
}

/** Returns once `replica` has all that `primary` had at the call. */
export async function caughtUp(replica: MariadbServer, primary: MariadbServer): Promise<void> {
  const goal = await position(primary);
  await waitUntil(async () => {
    const status = await slaveStatus(replica);
    if (status === undefined) throw new ReplicationStopped(`${replica.name} follows nobody`);
    const [io, sql] = [Number(status["Last_IO_Errno"]), Number(status["Last_SQL_Errno"])];
    if (status["Slave_IO_Running"] === "No" && io !== 0 || sql !== 0) {
      throw new ReplicationStopped(`${status["Last_IO_Error"]} ${status["Last_SQL_Error"]}`);
    }
    if (status["Slave_IO_Running"] !== "Yes") return false;
    const held = await position(replica);
    // A transaction of its own in the goal's place: the primary's word on that may still be coming.
    if (sequence(held) === sequence(goal) && held !== goal) {
      throw new ReplicationStopped(`${replica.name} holds ${held} where ${goal} belongs`);
    }
    return sequence(held) >= sequence(goal);
  }, {
    what: `bring ${replica.name} up to ${primary.name}`,
    timeoutMs: 60_000,
    detail: async () => JSON.stringify(await slaveStatus(replica)),
  });
}

/**
 * Applies what was received and acknowledged, but not yet applied, before the server went down.
 * Replication by GTID would throw the relay log away when its threads start, to fetch it again
 * from a primary that may be gone; so the log is read by its position, and what a stale position
 * offers a second time is left out by its GTID.
 */
async function drainRelayLog(server: MariadbServer): Promise<void> {
  const status = await slaveStatus(server);
  const file = String(status?.["Relay_Log_File"] ?? "");
  const neverConnected = status?.["Relay_Master_Log_File"] === "";
  if (status === undefined || file === "" || neverConnected) return;
  await server.sql(
    `STOP SLAVE;
     SET GLOBAL gtid_ignore_duplicates = 1;
     CHANGE MASTER TO RELAY_LOG_FILE = '${file}', RELAY_LOG_POS = ${status["Relay_Log_Pos"]},
       MASTER_LOG_FILE = '${status["Relay_Master_Log_File"]}',
       MASTER_LOG_POS = ${status["Exec_Master_Log_Pos"]}, MASTER_USE_GTID = no;
     START SLAVE SQL_THREAD`,
  );
  await waitUntil(async () => {
    const now = await slaveStatus(server);
    return now === undefined || now["Slave_SQL_Running"] !== "Yes" ||
      String(now["Slave_SQL_Running_State"]).startsWith("Slave has read all relay log");
  }, { what: `apply what ${server.name} has received`, timeoutMs: 60_000 });
  await server.sql("STOP SLAVE; SET GLOBAL gtid_ignore_duplicates = 0");
}

async function slaveStatus(server: MariadbServer): Promise<Row | undefined> {
  return (await server.sql("SHOW SLAVE STATUS"))[0];
}

async function position(server: MariadbServer): Promise<string> {
  const [row] = await server.sql("SELECT @@gtid_binlog_pos AS position");
  return String(row?.["position"] ?? "");
}

/** A shard has one replication domain, so the last number of its position orders its states. */
function sequence(gtid: string): number {
  return Number(gtid.split("-")[2] ?? 0);
}
