import type { MariadbServer } from "../../deploy/local/mariadb_server.ts";
import { eventually } from "./eventually.ts";

/** Promotes as an orchestrator does: first the node applies all that it has received. */
export async function promote(replica: MariadbServer): Promise<void> {
  await replica.sql("STOP SLAVE IO_THREAD");
  await eventually(async () => {
    const [status] = await replica.sql("SHOW SLAVE STATUS");
    return /has read all relay log/i.test(String(status?.["Slave_SQL_Running_State"]));
  });
  await replica.sql("STOP SLAVE; RESET SLAVE ALL; SET GLOBAL read_only = 0");
}
