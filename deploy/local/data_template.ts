import { createHash } from "node:crypto";
import { dirname, join } from "node:path";
import { runAsRoot } from "./mariadb_options.ts";
import type { Programs } from "./programs.ts";

/** The arguments of mariadb-install-db that do not depend on where it works. */
const INSTALL = [
  "--no-defaults",
  "--auth-root-authentication-method=normal",
  "--skip-test-db",
  "--skip-name-resolve",
  // Servers enlarge it at their first start; a small one copies faster.
  "--innodb-log-file-size=4M",
];
/** No account at all is left; each server makes its own before it listens. */
const NO_ACCOUNTS = "DELETE FROM mysql.global_priv WHERE User IN ('', 'root');\n";

/**
 * The data folder that every server begins with: a copy takes a fraction of an initialisation. It
 * holds nothing of any home, so that all homes of a user share one for each version of MariaDB, in
 * the user's cache (`XDG_CACHE_HOME`, or `~/.cache`); where that cannot be written to, `ownFolder`
 * is it.
 */
export async function dataTemplate(
  programs: Pick<Programs, "mariadbd" | "mariadbInstallDb">,
  ownFolder: string,
  caches: string | undefined = userCaches(),
): Promise<string> {
  const shared = caches === undefined ? undefined : await sharedFolder(programs.mariadbd, caches);
  const folders = shared === undefined ? [ownFolder] : [shared, ownFolder];
  for (const folder of folders) if (await isTemplate(folder)) return folder;
  // In the system's folder: mariadb-install-db is a shell script that splits paths at spaces.
  const work = await Deno.makeTempDir({ prefix: "realmgate-" });
  try {
    const data = await install(programs, work);
    if (shared !== undefined && await publish(data, shared).catch(() => false)) return shared;
    await copyFolder(data, ownFolder);
    return ownFolder;
  } finally {
    await Deno.remove(work, { recursive: true });
  }
}

/** Copies a folder to where nothing is yet, in one step. */
export async function copyFolder(from: string, to: string): Promise<void> {
  const unfinished = `${to}.new`;
  await Deno.remove(unfinished, { recursive: true }).catch(() => {});
  await copyInto(from, unfinished);
  await Deno.rename(unfinished, to);
}

/** Whether there is something at `path`. */
export async function exists(path: string): Promise<boolean> {
  return await Deno.stat(path).then(() => true, () => false);
}

function userCaches(): string | undefined {
  const home = Deno.env.get("HOME") || undefined;
  return Deno.env.get("XDG_CACHE_HOME") || (home && join(home, ".cache"));
}

/** Another build of the server, or another way to initialise it, has another folder. */
async function sharedFolder(mariadbd: string, caches: string): Promise<string> {
  const program = await Deno.realPath(mariadbd);
  const { size, mtime } = await Deno.stat(program);
  const key = JSON.stringify([program, size, mtime, INSTALL, NO_ACCOUNTS]);
  const name = createHash("sha256").update(key).digest("hex").slice(0, 16);
  return join(caches, "realmgate", `mariadb-${name}`);
}

async function isTemplate(folder: string): Promise<boolean> {
  return await exists(join(folder, "mysql"));
}

/** Copies it to where others may do the same at this time: all of them make the same. */
async function publish(data: string, folder: string): Promise<boolean> {
  const unfinished = `${folder}.${crypto.randomUUID()}.new`;
  await Deno.mkdir(dirname(folder), { recursive: true });
  try {
    await copyInto(data, unfinished);
    await Deno.rename(unfinished, folder).catch(() => {});
  } finally {
    await Deno.remove(unfinished, { recursive: true }).catch(() => {});
  }
  return await isTemplate(folder);
}

/** @returns the folder that it made in `work` */
async function install(
  programs: Pick<Programs, "mariadbInstallDb">,
  work: string,
): Promise<string> {
  const data = join(work, "data");
  const noAccounts = join(work, "no_accounts.sql");
  await Deno.writeTextFile(noAccounts, NO_ACCOUNTS);
  const { success, stdout, stderr } = await new Deno.Command(programs.mariadbInstallDb, {
    args: [
      ...INSTALL,
      ...runAsRoot(),
      `--datadir=${data}`,
      `--tmpdir=${work}`,
      `--extra-file=${noAccounts}`,
    ],
    stdin: "null",
  }).output();
  if (success) return data;
  const decoder = new TextDecoder();
  throw new Error(
    `Cannot initialise a data folder: ${programs.mariadbInstallDb} must succeed, received\n` +
      (decoder.decode(stdout) + decoder.decode(stderr)).trim(),
  );
}

async function copyInto(from: string, to: string): Promise<void> {
  await Deno.mkdir(to, { mode: 0o700 });
  for await (const entry of Deno.readDir(from)) {
    const [source, target] = [join(from, entry.name), join(to, entry.name)];
    if (entry.isDirectory) await copyInto(source, target);
    else await Deno.copyFile(source, target);
  }
}
