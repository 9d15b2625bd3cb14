import type { ServerFacts } from "./db_health_status.ts";

/** Runs a statement on a server and yields its rows by column name. */
export type AskServer = (sql: string) => Promise<readonly Readonly<Record<string, unknown>>[]>;

/** What a look remembers for the next one: counters of a server only grow. */
export interface PoolReads {
  readonly requests: number;
  readonly fromDisk: number;
}

const STATUS = "SHOW GLOBAL STATUS WHERE Variable_name IN " +
  "('Threads_running', 'Innodb_buffer_pool_read_requests', 'Innodb_buffer_pool_reads')";
/** The error of a server that does not know a statement. */
const SYNTAX_ERROR = 1064;

/**
 * Asks a server how it does: more than is asked each second, in two round trips.
 *
 * @param options.before what the look before returned as `reads`
 * @param options.at Unix milliseconds
 * @throws whatever `ask` does
 */
export async function lookAtServer(
  ask: AskServer,
  options: { readonly before: PoolReads | undefined; readonly at: number },
): Promise<{ readonly facts: ServerFacts; readonly reads: PoolReads }> {
  const status = new Map<string, number>();
  for (const row of await ask(STATUS)) {
    status.set(String(row["Variable_name"]), Number(row["Value"]));
  }
  const reads = {
    requests: status.get("Innodb_buffer_pool_read_requests") ?? 0,
    fromDisk: status.get("Innodb_buffer_pool_reads") ?? 0,
  };
  const facts = {
    at: options.at,
    threadsRunning: status.get("Threads_running") ?? null,
    bufferPoolHitRate: hitRate(reads, options.before),
    replication: replicationOf(await replicaStatus(ask)),
  };
  return { facts, reads };
}

/** A server that started anew counts from 0. */
function hitRate(now: PoolReads, before: PoolReads | undefined): number | null {
  const since = before !== undefined && before.requests <= now.requests ? before : NOTHING_READ;
  const requests = now.requests - since.requests;
  return requests === 0 ? null : 1 - (now.fromDisk - since.fromDisk) / requests;
}

const NOTHING_READ: PoolReads = { requests: 0, fromDisk: 0 };

/** MariaDB knows `SHOW REPLICA STATUS` since 10.5, MySQL since 8.0.22; both keep the older form. */
async function replicaStatus(ask: AskServer): Promise<Readonly<Record<string, unknown>>[]> {
  try {
    return [...await ask("SHOW REPLICA STATUS")];
  } catch (error) {
    if ((error as { errno?: unknown }).errno !== SYNTAX_ERROR) throw error;
    return [...await ask("SHOW SLAVE STATUS")];
  }
}

function replicationOf([row]: Readonly<Record<string, unknown>>[]): ServerFacts["replication"] {
  if (row === undefined) return null;
  const value = (mariadb: string, mysql: string) => row[mariadb] ?? row[mysql];
  const lag = value("Seconds_Behind_Master", "Seconds_Behind_Source");
  const errors = [row["Last_SQL_Errno"], row["Last_IO_Errno"]].map(Number);
  return {
    receiving: value("Slave_IO_Running", "Replica_IO_Running") === "Yes",
    applying: value("Slave_SQL_Running", "Replica_SQL_Running") === "Yes",
    lagSeconds: lag === null || lag === undefined ? null : Number(lag),
    errorNumber: errors.find((errno) => errno > 0) ?? null,
  };
}
