import { join } from "node:path";
import type { MariadbServer } from "./mariadb_server.ts";
import type { Stack } from "./stack.ts";
import { writePrivately } from "./stack_file.ts";

/** What `dev.json` is made from at one instant. */
export interface DevState {
  readonly url: string;
  /** `undefined` where the configuration is the user's own. */
  readonly apiKey: string | undefined;
  /** The process that serves HTTP; `undefined` while it is down. */
  readonly servicePid: number | undefined;
  /** `undefined` where the servers are the user's own. */
  readonly stack: Stack | undefined;
  /** What another process needs to read the same configuration. */
  readonly environment: Readonly<Record<string, string>>;
}

/**
 * Keeps the file `dev.json` of a home: how to reach everything that runs, for tools and tests. It
 * is there only while `deno task dev` runs, and names administrators' passwords, so only its owner
 * may read it.
 */
export class DevJson {
  readonly #path: string;
  #written = "";

  constructor(home: string) {
    this.#path = join(home, "dev.json");
  }

  /** Writes the file if it would change. */
  async write(state: DevState): Promise<void> {
    const text = JSON.stringify(describe(state), null, 2) + "\n";
    if (text === this.#written) return;
    this.#written = text;
    await writePrivately(this.#path, text);
  }

  /** Takes the file away. */
  async remove(): Promise<void> {
    this.#written = "";
    await Deno.remove(this.#path).catch(() => {});
  }
}

function describe(
  { url, apiKey, servicePid, stack, environment }: DevState,
): Record<string, unknown> {
  return {
    url,
    apiKey: apiKey ?? null,
    pid: Deno.pid,
    servicePid: servicePid ?? null,
    shards: (stack?.shards ?? []).map(({ name, primary, replicas }) => ({
      name,
      primary: describeServer(primary),
      replicas: replicas.map((replica) => describeServer(replica)),
    })),
    redis: stack === undefined ? null : {
      host: stack.redis.host,
      port: stack.redis.port,
      pid: stack.redis.pid ?? null,
      restart: stack.redis.restartCommand,
    },
    environment,
  };
}

function describeServer(server: MariadbServer): Record<string, unknown> {
  const { host, port, user, password, database, pid, socket, restartCommand } = server;
  return {
    ...{ host, port, user, password, database },
    ...{ pid: pid ?? null, socket, restart: restartCommand },
  };
}
