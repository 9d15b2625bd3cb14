import type { MariadbServer } from "../../deploy/local/mariadb_server.ts";
import { systemClock } from "../../src/core/clock.ts";
import { ScopeWatch } from "../../src/core/scope.ts";
import { Mysql2Driver } from "../../src/drivers/mysql2_driver.ts";

/** A row, locked on one server: its replication stands still at the next write of it. */
export interface RowLock extends AsyncDisposable {
  /** Lets it go; does nothing the second time. */
  release(): Promise<void>;
}

/** Locks a player's row, as the server's administrator; use it with `await using`. */
export function lockRow(server: MariadbServer, playerId: number): Promise<RowLock> {
  return lock(server, `SELECT id FROM players WHERE id = ${playerId} FOR UPDATE`);
}

/** Keeps a service from writing its heartbeat, whose commit others would wait behind. */
export function lockHeartbeat(server: MariadbServer): Promise<RowLock> {
  return lock(server, "SELECT id FROM realmgate_heartbeat WHERE id = 1 FOR UPDATE");
}

async function lock(server: MariadbServer, select: string): Promise<RowLock> {
  const watch = new ScopeWatch({ clock: systemClock });
  const scope = watch.open({ timeoutMs: 10_000 });
  const session = await new Mysql2Driver().connect({
    host: server.host,
    port: server.port,
    user: server.user,
    password: server.password,
    database: server.database,
  }, scope);
  await session.query("START TRANSACTION");
  await session.query(select);
  let released: Promise<void> | undefined;
  const release = () =>
    released ??= session.query("ROLLBACK").then(() => session.end()).finally(() => {
      scope.close();
      watch.close();
    });
  return { release, [Symbol.asyncDispose]: release };
}
