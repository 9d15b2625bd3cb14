import { findPrograms } from "../../deploy/local/programs.ts";
import { RedisServer, type RedisServerOptions } from "../../deploy/local/redis_server.ts";
import type { RedisSentinelTarget } from "../../src/drivers/redis_target.ts";
import { eventually } from "./eventually.ts";
import { redisCommand } from "./redis_command.ts";

const MASTER = "mymaster";

/** How the servers are set up. */
export interface SentinelOptions {
  /** Servers that begin as replicas. @default {1} */
  readonly replicas?: number;
  /** `min-replicas-to-write` of every server. @default {0} */
  readonly minReplicasToWrite?: number;
  /** `min-replicas-max-lag` of every server, in whole seconds. @default {Redis's own, 10} */
  readonly minReplicasMaxLagSeconds?: number;
  /** Further variables for `first` or `second`, such as a stepped clock's. @default {none} */
  readonly envOf?: (name: "first" | "second") => Readonly<Record<string, string>>;
}

/** Servers, of which `first` begins as the master, and three Sentinels that watch them. */
export interface SentinelStack extends AsyncDisposable {
  readonly first: RedisServer;
  readonly second: RedisServer;
  /** All of them, `first` and `second` too. */
  readonly servers: readonly RedisServer[];
  readonly sentinels: readonly RedisServer[];
  readonly target: RedisSentinelTarget;
  /** Waits until every Sentinel that answers names this server, and it says that it is a master. */
  promoted(server: RedisServer): Promise<void>;
  /** Waits until this server follows another one. */
  demoted(server: RedisServer): Promise<void>;
}

/**
 * Starts them in a home of their own. A master that is silent for 1 s is replaced, within some
 * 2 to 5 s. Each is a process: `kill` with a signal stops, continues or ends it.
 */
export async function startSentinels(options: SentinelOptions = {}): Promise<SentinelStack> {
  const home = await Deno.makeTempDir({ prefix: "realmgate-sentinel-" });
  const program = (await findPrograms()).redisServer;
  const started: RedisServer[] = [];
  const { envOf = () => ({}), replicas: count = 1 } = options;
  const start = async (
    name: string,
    more: Pick<RedisServerOptions, "args" | "env" | "sentinel">,
  ) => {
    const server = new RedisServer({ home, port: 0, program, name, ...more });
    await server.start();
    started.push(server);
    return server;
  };
  const end = async () => {
    // A process that was stopped takes no other signal.
    for (const server of started) if (server.pid !== undefined) server.kill();
    await Promise.all(started.map((server) => server.stop()));
    await Deno.remove(home, { recursive: true });
  };
  try {
    const args = serverArgs(options);
    const first = await start("first", { args, env: envOf("first") });
    const following = ["--replicaof", first.host, String(first.port)];
    const second = await start("second", {
      args: [...args, ...following],
      env: envOf("second"),
    });
    const others = await Promise.all(
      Array.from(
        { length: count - 1 },
        (_, n) => start(`replica${n + 2}`, { args: [...args, ...following] }),
      ),
    );
    const servers = [first, second, ...others];
    const sentinel = [
      `sentinel monitor ${MASTER} ${first.host} ${first.port} 2`,
      `sentinel down-after-milliseconds ${MASTER} 1000`,
      `sentinel failover-timeout ${MASTER} 3000`,
    ];
    const sentinels = await Promise.all(
      [1, 2, 3].map((number) => start(`sentinel${number}`, { sentinel })),
    );
    // One that slept for 2 s, as on a busy machine, would do nothing for the 30 s after it.
    await Promise.all(sentinels.map((one) => eventually(() => isPatient(one))));
    await Promise.all(sentinels.map((one) => eventually(() => knowsAll(one, count))));
    const stack: SentinelStack = {
      first,
      second,
      servers,
      sentinels,
      target: {
        kind: "sentinel",
        sentinels: sentinels.map(({ host, port }) => ({ host, port })),
        master: MASTER,
      },
      promoted: (server) => promoted(server, sentinels),
      demoted: (server) =>
        eventually(() => linkedReplica(server), { withinMs: 30_000 }).then(() => {}),
      [Symbol.asyncDispose]: end,
    };
    await Promise.all([second, ...others].map((server) => stack.demoted(server)));
    return stack;
  } catch (error) {
    await end();
    throw error;
  }
}

function serverArgs(options: SentinelOptions): string[] {
  const { minReplicasToWrite = 0, minReplicasMaxLagSeconds } = options;
  return [
    ...["--repl-diskless-sync-delay", "0", "--repl-ping-replica-period", "1"],
    ...["--min-replicas-to-write", String(minReplicasToWrite)],
    ...(minReplicasMaxLagSeconds === undefined
      ? []
      : ["--min-replicas-max-lag", String(minReplicasMaxLagSeconds)]),
  ];
}

/** Tells a Sentinel not to mind its own pauses; it may be busy with its files. */
async function isPatient(sentinel: RedisServer): Promise<boolean> {
  const reply = await redisCommand(sentinel, "SENTINEL DEBUG tilt-trigger 60000").catch(() => "");
  return reply.startsWith("+OK");
}

/** Whether a Sentinel has found the replicas and the two others. */
async function knowsAll(sentinel: RedisServer, replicas: number): Promise<boolean> {
  const info = await redisCommand(sentinel, "INFO sentinel");
  return info.includes("status=ok") && info.includes(`slaves=${replicas},sentinels=3`);
}

async function promoted(server: RedisServer, sentinels: readonly RedisServer[]): Promise<void> {
  const named = `SENTINEL GET-MASTER-ADDR-BY-NAME ${MASTER}`;
  await eventually(async () => {
    const answers = await Promise.all(
      sentinels.map((sentinel) => redisCommand(sentinel, named).catch(() => undefined)),
    );
    const known = answers.filter((answer) => answer !== undefined);
    return known.length >= 2 &&
      known.every((answer) => answer.includes(`\r\n${server.port}\r\n`)) &&
      (await redisCommand(server, "ROLE")).includes("\r\nmaster\r\n");
  }, { withinMs: 30_000, what: `the Sentinels to name ${server.name}` });
}

async function linkedReplica(server: RedisServer): Promise<boolean> {
  const info = await redisCommand(server, "INFO replication");
  return info.includes("role:slave") && info.includes("master_link_status:up");
}
