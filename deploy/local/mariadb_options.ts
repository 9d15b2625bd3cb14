/** What one server's command line depends on. */
export interface MariadbOptions {
  readonly serverId: number;
  readonly port: number;
  readonly dataFolder: string;
  readonly temporaryFolder: string;
  readonly socket: string;
  readonly logFile: string;
  /** What it runs before it listens. */
  readonly accounts: string;
  readonly tls?: { readonly ca: string; readonly certificate: string; readonly key: string };
}

/**
 * The command line of one server of the stack. Durable as in production (each commit is synced in
 * the engine and in the binary log), small in memory, read-only until it is told otherwise.
 */
export function mariadbArguments(options: MariadbOptions): string[] {
  const { tls } = options;
  return [
    "--no-defaults",
    ...runAsRoot(),
    `--datadir=${options.dataFolder}`,
    // Not the system's: a server that starts deletes other servers' temporary tables there.
    `--tmpdir=${options.temporaryFolder}`,
    `--socket=${options.socket}`,
    `--pid-file=${options.socket}.pid`,
    `--log-error=${options.logFile}`,
    `--init-file=${options.accounts}`,
    `--port=${options.port}`,
    "--bind-address=127.0.0.1",
    "--skip-name-resolve",
    "--read-only=1",
    "--max-connections=500",
    "--performance-schema=OFF",
    "--local-infile=0",
    "--default-time-zone=+00:00",
    "--character-set-server=utf8mb4",
    "--collation-server=utf8mb4_general_ci",
    "--innodb-buffer-pool-size=64M",
    "--innodb-log-file-size=64M",
    "--innodb-flush-log-at-trx-commit=1",
    "--innodb-buffer-pool-dump-at-shutdown=OFF",
    "--innodb-buffer-pool-load-at-startup=OFF",
    "--key-buffer-size=1M",
    "--aria-pagecache-buffer-size=4M",
    `--server-id=${options.serverId}`,
    "--log-bin=binlog",
    "--relay-log=relay",
    "--sync-binlog=1",
    "--binlog-format=ROW",
    "--gtid-strict-mode=1",
    "--log-slave-updates=1",
    "--skip-slave-start",
    "--slave-parallel-threads=4",
    "--slave-net-timeout=5",
    // Which half of semi-synchronous replication is on depends on the role, and is set with it: a
    // replica with the master's half would wait for a replica of its own, and servers before
    // 10.11.9 that start with the slave's half drop acknowledged transactions from the end of
    // their binary log.
    "--rpl-semi-sync-master-wait-point=AFTER_SYNC",
    "--rpl-semi-sync-master-timeout=2000",
    ...(tls === undefined
      ? []
      : [`--ssl-ca=${tls.ca}`, `--ssl-cert=${tls.certificate}`, `--ssl-key=${tls.key}`]),
  ];
}

/** mariadbd refuses to run as root unless it is told to. */
export function runAsRoot(): string[] {
  return Deno.uid() === 0 ? ["--user=root"] : [];
}
