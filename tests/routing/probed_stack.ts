import type { MariadbServer } from "../../deploy/local/mariadb_server.ts";
import { type Stack, startStack } from "../../deploy/local/stack.ts";
import { systemClock } from "../../src/core/clock.ts";
import { silentLog } from "../../src/core/log.ts";
import { systemRandom } from "../../src/core/random.ts";
import { ScopeWatch } from "../../src/core/scope.ts";
import { IoredisClient } from "../../src/drivers/ioredis_client.ts";
import { Mysql2Driver } from "../../src/drivers/mysql2_driver.ts";
import type { DutyState } from "../../src/locks/fleet_duty.ts";
import { EpochStore } from "../../src/routing/epoch_store.ts";
import type { NodeState, ShardState, TopologySnapshot } from "../../src/routing/topology.ts";
import { TopologyBulletin } from "../../src/routing/topology_bulletin.ts";
import { TopologyProber } from "../../src/routing/topology_prober.ts";
import { installSchema } from "../../src/service/schema_install.ts";
import { eventually } from "../support/eventually.ts";

/** A prober as one process has it, with all that it told. */
export interface Probed {
  readonly prober: TopologyProber;
  readonly redis: IoredisClient;
  readonly told: readonly TopologySnapshot[];
  /** What is known of the only shard. */
  readonly shard: () => ShardState;
  readonly node: (name: string) => NodeState;
  /** Waits until the shard's state satisfies `check`; returns after how many milliseconds. */
  readonly until: (check: (state: ShardState) => boolean, what: string) => Promise<number>;
}

/** In what a prober differs from the service's own. */
export interface ProbeOptions {
  readonly account?: { readonly user: string; readonly password: string };
  /** Nodes that it cannot reach. */
  readonly unreachable?: readonly string[];
  readonly maxLagMs?: number;
  /** Whether it is on duty while Redis is up; read each time. @default {it always is} */
  readonly duty?: { readonly state: DutyState };
}

/** One shard on real servers, and probers of it. */
export interface ProbedStack {
  readonly stack: Stack;
  readonly a: MariadbServer;
  readonly b: MariadbServer;
  /** Starts a prober, as one process has it. */
  readonly probe: (options?: ProbeOptions) => Promise<Probed>;
  /** How many connections the service's account has on a server. */
  readonly connections: (server: MariadbServer) => Promise<number>;
}

/** Runs a test against a shard of a primary `s1a` and a replica `s1b`; stops everything after. */
export async function withProbedStack(
  test: (probed: ProbedStack) => Promise<void>,
  options: { readonly schema?: boolean } = {},
): Promise<void> {
  const home = await Deno.makeTempDir({ prefix: "realmgate-test-" });
  const open: { stop(): Promise<void> }[] = [];
  try {
    await using stack = await startStack({ home, shards: 1 });
    const [shard] = stack.shards;
    const [a, b] = [shard?.primary, shard?.replicas[0]];
    if (a === undefined || b === undefined) throw new Error("the stack lacks a node");
    if (options.schema ?? true) await install(a);
    try {
      await test({
        stack,
        a,
        b,
        probe: (options = {}) => startProber({ stack, nodes: [a, b], options, open }),
        connections: async (server) => {
          const rows = await server.sql(
            `SELECT id FROM information_schema.processlist WHERE user = '${stack.service.user}'`,
          );
          return rows.length;
        },
      });
    } finally {
      await Promise.all(open.map((one) => one.stop()));
    }
  } finally {
    await Deno.remove(home, { recursive: true });
  }
}

/** Installs the schema on a server, as its administrator. */
export async function install(server: MariadbServer): Promise<{ from: number; to: number }> {
  const watch = new ScopeWatch({ clock: systemClock });
  const scope = watch.open({ timeoutMs: 10_000 });
  const session = await new Mysql2Driver().connect({
    host: server.host,
    port: server.port,
    user: server.user,
    password: server.password,
    database: server.database,
  }, scope);
  try {
    return await installSchema(session);
  } finally {
    await session.end();
    scope.close();
    watch.close();
  }
}

async function startProber(
  setting: {
    readonly stack: Stack;
    readonly nodes: readonly MariadbServer[];
    readonly options: ProbeOptions;
    readonly open: { stop(): Promise<void> }[];
  },
): Promise<Probed> {
  const { stack, nodes, open, options } = setting;
  const { account = stack.service, unreachable = [], maxLagMs } = options;
  const duty = options.duty ?? { state: "ours" };
  const redis = new IoredisClient({
    server: { kind: "url", url: stack.redis.url },
    clock: systemClock,
    random: systemRandom,
    log: silentLog,
    timeoutMs: 300,
    heartbeatMs: 200,
  });
  open.push({ stop: () => redis.close() });
  const told: TopologySnapshot[] = [];
  const prober = new TopologyProber({
    shards: [{
      name: "s1",
      role: "auto",
      nodes: nodes.map(({ name, host, port }) => ({ name, shard: "s1", host, port, weight: 1 })),
    }],
    targetOf: ({ name, host, port }) => ({
      host,
      // Nobody listens on port 1.
      port: unreachable.includes(name) ? 1 : port,
      database: stack.database,
      ...account,
    }),
    ...(maxLagMs === undefined ? {} : { maxLagMs }),
    driver: new Mysql2Driver(),
    store: new EpochStore({ fleet: "test", redis, clock: systemClock }),
    duty: {
      get state(): DutyState {
        return redis.state === "up" ? duty.state : "alone";
      },
    },
    bulletin: new TopologyBulletin({
      fleet: "test",
      redis,
      clock: systemClock,
      random: systemRandom,
      log: silentLog,
    }),
    drains: () => new Map(),
    clock: systemClock,
    random: systemRandom,
    log: silentLog,
    onSnapshot: (snapshot) => told.push(snapshot),
  });
  open.push(prober);
  await redis.start();
  await prober.start();
  const shard = () => {
    const [state] = prober.snapshot.shards;
    if (state === undefined) throw new Error("the prober knows no shard");
    return state;
  };
  return {
    prober,
    redis,
    told,
    shard,
    node: (name) => {
      const node = shard().nodes.find((node) => node.name === name);
      if (node === undefined) throw new Error(`the prober knows no node ${name}`);
      return node;
    },
    until: async (check, what) => {
      const began = performance.now();
      await eventually(() => check(shard()), { what, withinMs: 15_000 }).catch((error) => {
        throw new Error(`${error.message}; state: ${Deno.inspect(shard(), { depth: 4 })}`);
      });
      return performance.now() - began;
    },
  };
}
