import { createHash } from "node:crypto";
import { basename, join, resolve } from "node:path";
import { parseConfig } from "../../src/config/load.ts";
import type { Config } from "../../src/config/schema.ts";
import { prepareData } from "./realm_data.ts";
import { ROOT, type ServiceOptions, ServiceProcess } from "./service_process.ts";
import { type Stack, type StackOptions, startStack } from "./stack.ts";
import { newSecret, writePrivately } from "./stack_file.ts";

/** How a realm is started; its servers are always two shards of two nodes. */
export interface RealmOptions extends Pick<StackOptions, "home" | "fresh" | "step" | "notice"> {
  /** The folder of its configuration, migrations and statements. @default {the example realm} */
  readonly realm?: string;
}

/** A realm whose servers run, with its tables and first rows in them. */
export interface Realm extends AsyncDisposable {
  readonly folder: string;
  readonly home: string;
  readonly stack: Stack;
  readonly config: Config;
  /** A key with the scopes read, write and admin. */
  readonly apiKey: string;
  /** What a service process needs to use these servers. */
  readonly environment: Readonly<Record<string, string>>;
  /** Starts a process of the service and waits until it is ready; {@linkcode stop} ends it too. */
  startService(options?: RealmServiceOptions): Promise<ServiceProcess>;
  /** Ends every service that was started here, then the servers. */
  stop(): Promise<void>;
}

/** What may be different for one process of the service. */
export interface RealmServiceOptions
  extends Partial<Pick<ServiceOptions, "port" | "isolates" | "onLine">> {
  /** Further variables, or other values. */
  readonly env?: Readonly<Record<string, string>>;
}

/** The folder of the example realm. */
export const EXAMPLE = join(ROOT, "deploy", "example");

/**
 * Starts the servers of a realm and brings their tables and first rows up to date. The databases
 * of different realms in one home do not touch each other. When it fails, nothing stays running.
 */
export async function startRealm(options: RealmOptions): Promise<Realm> {
  const folder = resolve(options.realm ?? EXAMPLE);
  const step = options.step ?? (() => {});
  const file = join(folder, "realmgate.yaml");
  const text = await Deno.readTextFile(file);
  const stack = await startStack({ ...options, database: databaseName(folder) });
  try {
    const apiKey = await homeApiKey(stack.home);
    const environment = { ...stackEnvironment(stack), ...keyEnvironment(apiKey) };
    const config = parseConfig(text, {
      file,
      environment: { ...Deno.env.toObject(), ...environment },
    });
    await prepareData(stack, { folder, config, step });
    const services = new Set<ServiceProcess>();
    const stop = async () => {
      await Promise.all([...services].map((service) => service.stop()));
      await stack.stop();
    };
    return {
      folder,
      home: stack.home,
      stack,
      config,
      apiKey,
      environment: { ...environment, REALMGATE_CONFIG: file },
      async startService({ env = {}, ...service } = {}) {
        const process = await ServiceProcess.start({
          ...service,
          environment: { ...environment, REALMGATE_CONFIG: file, ...env },
          folder: join(stack.home, `service-${crypto.randomUUID().slice(0, 8)}`),
        });
        services.add(process);
        await process.ready();
        return process;
      },
      stop,
      [Symbol.asyncDispose]: stop,
    };
  } catch (error) {
    await stack.stop();
    throw error;
  }
}

/** The example realm's database is `game`; another one has its folder's name. */
export function databaseName(folder: string): string {
  if (folder === EXAMPLE) return "game";
  const name = basename(folder).toLowerCase().replaceAll(/[^a-z0-9]+/g, "_");
  return name.replace(/^_+/, "").slice(0, 48) || "realm";
}

/** The variables that tell a configuration where the servers of a stack are. */
function stackEnvironment(stack: Stack): Record<string, string> {
  const nodes = stack.shards.flatMap(({ primary, replicas }) => [primary, ...replicas]);
  return {
    ...Object.fromEntries(
      nodes.map((node) => [`REALMGATE_${node.name.toUpperCase()}`, `${node.host}:${node.port}`]),
    ),
    // Realms of one home share its Redis, so each is a fleet of its own.
    REALMGATE_FLEET: stack.database,
    REALMGATE_DB_USER: stack.service.user,
    REALMGATE_DB_PASSWORD: stack.service.password,
    REALMGATE_DB_NAME: stack.database,
    REALMGATE_REDIS_URL: stack.redis.url,
  };
}

function keyEnvironment(apiKey: string): Record<string, string> {
  return { REALMGATE_API_KEY_SHA256: createHash("sha256").update(apiKey).digest("hex") };
}

/** The home's own API key, made at its first start. */
async function homeApiKey(home: string): Promise<string> {
  const file = join(home, "api_key");
  try {
    return (await Deno.readTextFile(file)).trim();
  } catch (error) {
    if (!(error instanceof Deno.errors.NotFound)) throw error;
  }
  const key = `dev_${newSecret()}`;
  await writePrivately(file, `${key}\n`);
  return key;
}
