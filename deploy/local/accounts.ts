import { join } from "node:path";
import {
  ADMINISTRATOR,
  REPLICATION,
  SERVICE,
  type StackRecord,
  writePrivately,
} from "./stack_file.ts";

/** What every server of a home runs at each start, before it listens: so none is without accounts. */
export function accountsFile(home: string): string {
  return join(home, "accounts.sql");
}

/** Writes the accounts of a home's servers; each server has them for itself, by no replication. */
export async function writeAccounts(
  home: string,
  { administrator, replication, service }: StackRecord["passwords"],
): Promise<void> {
  await writePrivately(
    accountsFile(home),
    [
      "SET sql_log_bin = 0;",
      `CREATE USER IF NOT EXISTS ${ADMINISTRATOR}@'%' IDENTIFIED BY '${administrator}';`,
      `GRANT ALL PRIVILEGES ON *.* TO ${ADMINISTRATOR}@'%' WITH GRANT OPTION;`,
      `CREATE USER IF NOT EXISTS ${REPLICATION}@'%' IDENTIFIED BY '${replication}';`,
      `GRANT REPLICATION SLAVE ON *.* TO ${REPLICATION}@'%';`,
      `CREATE USER IF NOT EXISTS ${SERVICE}@'%' IDENTIFIED BY '${service}';`,
      `GRANT SLAVE MONITOR ON *.* TO ${SERVICE}@'%';`,
      "",
    ].join("\n"),
  );
}
