import { join } from "node:path";
import { aptInstall } from "./apt.ts";

/** Where the programs of the local stack are. */
export interface Programs {
  readonly mariadbd: string;
  readonly mariadbInstallDb: string;
  /** Redis's server: under its own name, or its twin `redis-check-rdb` to be run as `redis-server`. */
  readonly redisServer: string;
}

const MORE_FOLDERS = [
  "/usr/sbin",
  "/usr/local/sbin",
  "/usr/local/bin",
  "/opt/homebrew/bin",
  "/opt/homebrew/opt/mariadb/bin",
  "/usr/local/opt/mariadb/bin",
];

// mariadb-install-db (server-core) runs my_print_defaults, which is in client-core. The packages
// without "-core", and redis-server, would start daemons on 3306 and 6379.
const PACKAGES = ["mariadb-server-core", "mariadb-client-core", "redis-tools"];

const PROGRAMS: readonly (readonly [keyof Programs, string])[] = [
  ["mariadbd", "mariadbd"],
  ["mariadbInstallDb", "mariadb-install-db"],
  ["redisServer", "redis-server"],
];

/** What the search depends on. */
export interface ProgramOptions {
  /** Told before something is installed. @default {nobody} */
  readonly notice?: (text: string) => void;
  /** @default {the folders of PATH and the usual others} */
  readonly folders?: readonly string[];
  /** Whether missing programs may be installed, by root with apt-get. @default {true} */
  readonly install?: boolean;
}

/**
 * Finds the programs that the local stack runs; installs those that are missing from Debian's
 * packages where this is root and apt-get is there.
 *
 * @throws with the command that installs them, where it cannot
 */
export async function findPrograms(options: ProgramOptions = {}): Promise<Programs> {
  const folders = options.folders ??
    [...(Deno.env.get("PATH") ?? "").split(":").filter((path) => path !== ""), ...MORE_FOLDERS];
  let found = await look(folders);
  if (isComplete(found)) return found;
  const missing = PROGRAMS.filter(([key]) => found[key] === undefined).map(([, name]) => name)
    .join(", ");
  const aptGet = await firstIn(folders, ["apt-get"]);
  if ((options.install ?? true) && aptGet !== undefined && Deno.uid() === 0) {
    options.notice?.(
      `Installing ${PACKAGES.join(", ")} with apt-get (missing: ${missing}); no daemon among them`,
    );
    await aptInstall(PACKAGES, { aptGet });
    found = await look(folders);
    if (isComplete(found)) return found;
  }
  throw new Error(
    `Cannot start the local servers: must find ${missing}. Install what is missing:\n` +
      `  Debian, Ubuntu:  sudo apt-get update && sudo apt-get install --no-install-recommends ${
        PACKAGES.join(" ")
      }\n` +
      `  macOS:           brew install mariadb redis\n` +
      `  in a container:  docker run --rm -it -v "$PWD":/realmgate -w /realmgate -p 8080:8080 ` +
      `-e REALMGATE_HOSTNAME=0.0.0.0 denoland/deno:debian-2.9.6 task dev\n` +
      `or set REALMGATE_CONFIG to the configuration of servers that already run.`,
  );
}

type Found = { readonly [Name in keyof Programs]: string | undefined };

async function look(folders: readonly string[]): Promise<Found> {
  return {
    mariadbd: await firstIn(folders, ["mariadbd", "mysqld"]),
    mariadbInstallDb: await firstIn(folders, ["my_print_defaults"]) === undefined
      ? undefined
      : await firstIn(folders, ["mariadb-install-db", "mysql_install_db"]),
    redisServer: await firstIn(folders, ["redis-server", "redis-check-rdb"]),
  };
}

function isComplete(found: Found): found is Programs {
  return Object.values(found).every((path) => path !== undefined);
}

async function firstIn(
  folders: readonly string[],
  names: readonly string[],
): Promise<string | undefined> {
  for (const name of names) {
    for (const folder of folders) {
      const path = join(folder, name);
      const stat = await Deno.stat(path).catch(() => undefined);
      if (stat?.isFile && ((stat.mode ?? 0) & 0o111) !== 0) return path;
    }
  }
  return undefined;
}
