import { join } from "node:path";
import { runAsRoot } from "./mariadb_options.ts";
import type { Programs } from "./programs.ts";
import { ADMINISTRATOR, REPLICATION, SERVICE, type StackRecord } from "./stack_file.ts";

/**
 * Makes the data folder that every server of a home begins with, once per home: a copy takes a
 * fraction of an initialisation. The accounts are in it, so that no server ever runs without them.
 */
export async function makeDataTemplate(
  folder: string,
  options: { readonly programs: Programs; readonly passwords: StackRecord["passwords"] },
): Promise<void> {
  if (await exists(join(folder, "mysql"))) return;
  const { programs, passwords } = options;
  // In the system's folder: mariadb-install-db is a shell script that splits paths at spaces.
  const work = await Deno.makeTempDir({ prefix: "realmgate-" });
  try {
    const accounts = join(work, "accounts.sql");
    await Deno.writeTextFile(accounts, accountsSql(passwords), { mode: 0o600 });
    const { success, stdout, stderr } = await new Deno.Command(programs.mariadbInstallDb, {
      args: [
        "--no-defaults",
        ...runAsRoot(),
        `--datadir=${join(work, "data")}`,
        `--tmpdir=${work}`,
        "--auth-root-authentication-method=normal",
        "--skip-test-db",
        "--skip-name-resolve",
        // Servers enlarge it at their first start; a small one copies faster.
        "--innodb-log-file-size=4M",
        `--extra-file=${accounts}`,
      ],
      stdin: "null",
    }).output();
    if (!success) {
      const decoder = new TextDecoder();
      throw new Error(
        `Cannot initialise a data folder: ${programs.mariadbInstallDb} must succeed, received\n` +
          (decoder.decode(stdout) + decoder.decode(stderr)).trim(),
      );
    }
    await copyFolder(join(work, "data"), folder);
  } finally {
    await Deno.remove(work, { recursive: true });
  }
}

/** Copies the template to where nothing is yet. */
export async function copyFolder(from: string, to: string): Promise<void> {
  const unfinished = `${to}.new`;
  await Deno.remove(unfinished, { recursive: true }).catch(() => {});
  await copyInto(from, unfinished);
  await Deno.rename(unfinished, to);
}

async function copyInto(from: string, to: string): Promise<void> {
  await Deno.mkdir(to, { mode: 0o700 });
  for await (const entry of Deno.readDir(from)) {
    const [source, target] = [join(from, entry.name), join(to, entry.name)];
    if (entry.isDirectory) await copyInto(source, target);
    else await Deno.copyFile(source, target);
  }
}

/** Whether there is something at `path`. */
export async function exists(path: string): Promise<boolean> {
  return await Deno.stat(path).then(() => true, () => false);
}

function accountsSql(passwords: StackRecord["passwords"]): string {
  return [
    "FLUSH PRIVILEGES;",
    "DELETE FROM mysql.global_priv WHERE User IN ('', 'root');",
    "FLUSH PRIVILEGES;",
    `CREATE USER ${ADMINISTRATOR}@'%' IDENTIFIED BY '${passwords.administrator}';`,
    `GRANT ALL PRIVILEGES ON *.* TO ${ADMINISTRATOR}@'%' WITH GRANT OPTION;`,
    `CREATE USER ${REPLICATION}@'%' IDENTIFIED BY '${passwords.replication}';`,
    `GRANT REPLICATION SLAVE ON *.* TO ${REPLICATION}@'%';`,
    `CREATE USER ${SERVICE}@'%' IDENTIFIED BY '${passwords.service}';`,
    `GRANT SLAVE MONITOR ON *.* TO ${SERVICE}@'%';`,
    "",
  ].join("\n");
}
