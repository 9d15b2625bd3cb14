import { dirname, join, resolve } from "node:path";
import { readConfig } from "../../src/config/read_config.ts";
import type { Config } from "../../src/config/schema.ts";
import { lockHome } from "./home_lock.ts";
import { endLeftovers } from "./leftovers.ts";
import { type RealmOptions, startRealm } from "./realm.ts";
import type { Stack } from "./stack.ts";

/** What `deno task dev` serves: a realm on servers that it started, or on the user's own. */
export interface ServedRealm {
  /** The folder of the configuration. */
  readonly folder: string;
  readonly environment: Readonly<Record<string, string>>;
  /** `undefined` where the configuration is the user's own, which knows only its hash. */
  readonly apiKey: string | undefined;
  /** `undefined` where the servers are the user's own. */
  readonly stack: Stack | undefined;
  /** The configuration as the service will read it on that port. */
  configOn(port: number | undefined): Promise<Config>;
  stop(): Promise<void>;
}

/** Starts servers for a realm, with its tables and first rows. */
export async function serveRealm(options: RealmOptions): Promise<ServedRealm> {
  const realm = await startRealm(options);
  const file = join(realm.folder, "realmgate.yaml");
  return {
    folder: realm.folder,
    environment: realm.environment,
    apiKey: realm.apiKey,
    stack: realm.stack,
    configOn: (port) => configOn(port, { ...realm.environment, REALMGATE_CONFIG: file }),
    stop: () => realm.stop(),
  };
}

/** Takes the user's own configuration and starts no servers. */
export async function serveConfiguration(file: string, home: string): Promise<ServedRealm> {
  const path = resolve(file);
  const lock = await lockHome(home);
  await endLeftovers(home);
  const environment = { REALMGATE_CONFIG: path };
  return {
    folder: dirname(path),
    environment,
    apiKey: undefined,
    stack: undefined,
    configOn: (port) => configOn(port, environment),
    stop() {
      lock[Symbol.dispose]();
      return Promise.resolve();
    },
  };
}

async function configOn(
  port: number | undefined,
  environment: Readonly<Record<string, string>>,
): Promise<Config> {
  const { config } = await readConfig({
    ...Deno.env.toObject(),
    ...environment,
    ...(port === undefined ? {} : { PORT: String(port) }),
  });
  return config;
}
