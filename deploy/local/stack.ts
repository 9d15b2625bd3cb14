import { isAbsolute, resolve } from "node:path";
import { findPrograms } from "./programs.ts";
import { emptyHome, lockHome } from "./home_lock.ts";
import { endLeftovers } from "./leftovers.ts";
import { writeAccounts } from "./accounts.ts";
import { dataTemplate } from "./data_template.ts";
import { MariadbServer } from "./mariadb_server.ts";
import { isWritable, joinShard, living, promote } from "./replication.ts";
import { RedisServer } from "./redis_server.ts";
import { makeCertificates } from "./certificates.ts";
import {
  newSecret,
  readStackRecord,
  recordedWritable,
  recordWritable,
  SERVICE,
  socketFolder,
  type StackRecord,
  writeStackRecord,
} from "./stack_file.ts";

/** How a stack is built. */
export interface StackOptions {
  /** The folder of its data; the same folder finds the same data again. */
  readonly home: string;
  /** @default {2} */
  readonly shards?: number;
  /** Replicas of each shard. @default {1} */
  readonly replicas?: number;
  /** @default {"game"} */
  readonly database?: string;
  /** Whether the databases offer TLS, with a certificate for 127.0.0.1 and localhost. @default {false} */
  readonly tls?: boolean;
  /** Whether to throw away what the home holds. @default {false} */
  readonly fresh?: boolean;
  /** Told of each step and how long it took. @default {nobody} */
  readonly step?: (name: string, ms: number) => void;
  /** Told before something is installed. @default {nobody} */
  readonly notice?: (text: string) => void;
}

/** One shard of a stack. */
export interface StackShard {
  /** `s1`, `s2`, … */
  readonly name: string;
  /** The node that began as the primary, whatever happened since. */
  readonly primary: MariadbServer;
  readonly replicas: readonly MariadbServer[];
}

/** Running servers; stop them, or use `await using`. */
export interface Stack extends AsyncDisposable {
  readonly home: string;
  readonly database: string;
  /** The account that the service logs in with. */
  readonly service: { readonly user: string; readonly password: string };
  readonly shards: readonly StackShard[];
  readonly redis: RedisServer;
  /** The authority of the servers' certificates (a PEM file), where they offer TLS. */
  readonly caFile: string | undefined;
  /** Ends every server: replicas, then primaries, then Redis. Does nothing the second time. */
  stop(): Promise<void>;
}

/**
 * Starts private MariaDB and Redis servers on free ports of 127.0.0.1, or starts them again on the
 * data that the home holds. One stack per home at a time; servers that an earlier run left behind
 * are ended first. When it fails, nothing stays running.
 */
export async function startStack(options: StackOptions): Promise<Stack> {
  const { shards = 2, replicas = 1, database = "game", tls = false, fresh = false } = options;
  const home = isAbsolute(options.home) ? options.home : resolve(options.home);
  const step = timed(options.step ?? (() => {}));
  const programs = await step(
    "find the programs",
    () => findPrograms(options.notice === undefined ? {} : { notice: options.notice }),
  );
  using unlock = new DisposableStack();
  unlock.use(await lockHome(home));
  await endLeftovers(home);
  if (fresh) await emptyHome(home);
  const known = await readStackRecord(home);
  const names = nodeNames(shards, replicas);
  if (known !== undefined) checkSame(known, { home, names });
  const record: StackRecord = {
    database,
    tls,
    passwords: known?.passwords ??
      { administrator: newSecret(), replication: newSecret(), service: newSecret() },
    nodes: [],
    redisPort: 0,
  };
  if (known === undefined) await writeStackRecord(home, record);
  const caFile = tls ? await makeCertificates(home) : undefined;
  await writeAccounts(home, record.passwords);
  await step("initialise the data folders", () => dataTemplate(programs, `${home}/template`));

  const nodes = names.map((node, index): MariadbServer =>
    new MariadbServer({
      home,
      node: { ...node, serverId: index + 1 },
      record,
      programs,
      rejoin: (server) => joinShard(server, { home, nodes: shardOf(server) }),
    })
  );
  const shardOf = (server: MariadbServer) => nodes.filter(({ shard }) => shard === server.shard);
  const redis = new RedisServer({ home, port: 0, program: programs.redisServer });
  try {
    await step(
      `start ${nodes.length} MariaDB servers and Redis`,
      () => allSettled([redis.start(), ...nodes.map((node) => node.start())]),
    );
    await writeStackRecord(home, {
      ...record,
      nodes: nodes.map(({ name, shard, serverId, port }) => ({ name, shard, serverId, port })),
      redisPort: redis.port,
    });
    const built = await step(
      "join replicas to primaries",
      () =>
        Promise.all([...new Set(names.map(({ shard }) => shard))].map(async (name) => {
          const members = nodes.filter(({ shard }) => shard === name);
          const writable = await recordedWritable(home, name);
          const primary = members.find((node) => node.name === writable) ?? members[0];
          if (primary === undefined) throw new RangeError("Cannot build a shard without nodes");
          await promote(primary, { home, nodes: members });
          await openDatabase(primary);
          return { name, primary, replicas: members.filter((node) => node !== primary) };
        })),
    );
    const lock = unlock.move();
    let stopped: Promise<void> | undefined;
    const stop = () =>
      stopped ??= stopAll({ home, shards: built, redis }).finally(() => lock.dispose());
    return {
      home,
      database,
      service: { user: SERVICE, password: record.passwords.service },
      shards: built,
      redis,
      caFile,
      stop,
      [Symbol.asyncDispose]: stop,
    };
  } catch (error) {
    await Promise.all([redis.stop(), ...nodes.map((node) => node.stop())]);
    throw error;
  }
}

/** `s1a` is the first node of shard `s1`. */
function nodeNames(shards: number, replicas: number): { name: string; shard: string }[] {
  return Array.from({ length: shards }, (_, s) =>
    Array.from({ length: 1 + replicas }, (_, n) => ({
      name: `s${s + 1}${String.fromCharCode(97 + n)}`,
      shard: `s${s + 1}`,
    }))).flat();
}

function checkSame(
  known: StackRecord,
  wanted: { home: string; names: { name: string }[] },
): void {
  const [held, asked] = [known.nodes, wanted.names].map((nodes) =>
    nodes.map(({ name }) => name).join(" ")
  );
  if (known.nodes.length > 0 && held !== asked) {
    throw new Error(
      `Cannot start the servers of ${wanted.home}: must be the nodes ${held} that it holds, ` +
        `received ${asked}; use another home, or start afresh`,
    );
  }
}

/** The service may read and write rows of this one database, and nothing else. */
async function openDatabase(primary: MariadbServer): Promise<void> {
  const [found] = await primary.sql(
    `SELECT 1 FROM information_schema.schemata WHERE schema_name = '${primary.database}'`,
  );
  if (found !== undefined) return;
  await primary.sql(
    `CREATE DATABASE \`${primary.database}\`;
     GRANT SELECT, INSERT, UPDATE, DELETE, EXECUTE ON \`${primary.database}\`.* TO ${SERVICE}@'%'`,
  );
}

async function stopAll(
  stack: {
    readonly home: string;
    readonly shards: readonly StackShard[];
    readonly redis: RedisServer;
  },
): Promise<void> {
  await Promise.all(stack.shards.map(async ({ name, primary, replicas }) => {
    const writable: MariadbServer[] = [];
    for (const node of await living([primary, ...replicas])) {
      if (await isWritable(node).catch(() => false)) writable.push(node);
    }
    const [only, second] = writable;
    if (only !== undefined && second === undefined) {
      await recordWritable(stack.home, name, only.name);
    }
    const others = [primary, ...replicas].filter((node) => node !== only);
    await Promise.all(others.map((node) => node.stop()));
    await only?.stop();
  }));
  await stack.redis.stop();
  const sockets = socketFolder(stack.home);
  if (!sockets.startsWith(stack.home)) {
    await Deno.remove(sockets, { recursive: true }).catch(() => {});
  }
}

/** Waits for all, even where one fails: what is still starting could not be stopped. */
async function allSettled(starts: readonly Promise<void>[]): Promise<void> {
  for (const start of await Promise.allSettled(starts)) {
    if (start.status === "rejected") throw start.reason;
  }
}

function timed(tell: (name: string, ms: number) => void) {
  return async <T>(name: string, work: () => Promise<T>): Promise<T> => {
    const began = performance.now();
    const result = await work();
    tell(name, performance.now() - began);
    return result;
  };
}
