import type { MariadbServer } from "../../deploy/local/mariadb_server.ts";

/** Has a server count what each account runs. Nothing of the accounts' own is needed for it. */
export async function countStatements(server: MariadbServer): Promise<void> {
  await server.sql("SET GLOBAL userstat = 1");
}

/** How many statements an account has run on a server since it counts, logins included. */
export async function statementsOf(server: MariadbServer, user: string): Promise<number> {
  const [row] = await server.sql(
    `SELECT total_connections + select_commands + update_commands + other_commands AS n
       FROM information_schema.user_statistics WHERE user = '${user}'`,
  );
  return Number(row?.["n"] ?? 0);
}

/** How many rows of a table were read on a server since it counts, by whomever. */
export async function rowsReadOf(server: MariadbServer, table: string): Promise<number> {
  const [row] = await server.sql(
    `SELECT SUM(rows_read) AS n FROM information_schema.table_statistics
      WHERE table_schema = '${server.database}' AND table_name = '${table}'`,
  );
  return Number(row?.["n"] ?? 0);
}
