import type { Config } from "../config/schema.ts";
import type { ScopeWatch } from "../core/scope.ts";
import type { MysqlSession, Rows } from "../drivers/mysql.ts";
import type { RedisClient } from "../drivers/redis.ts";
import { DatabaseMonitor, type DatabaseMonitorOptions } from "../monitor/database_monitor.ts";
import { FleetBoard } from "../monitor/fleet_board.ts";
import type { AskServer } from "../monitor/server_look.ts";
import { type AskNode, ServerWatch } from "../monitor/server_watch.ts";
import { KeptSession } from "../routing/kept_session.ts";
import type { World } from "./isolate.ts";
import { shardSpecs, targetOf } from "./settings.ts";

/** What a fleet's monitor is made of. */
export interface FleetMonitorOptions extends
  Pick<
    DatabaseMonitorOptions,
    "identity" | "isolates" | "topology" | "duty" | "redisUp" | "alerts" | "onView"
  > {
  readonly config: Config;
  readonly ca: string | undefined;
  readonly world: World;
  readonly redis: RedisClient;
  readonly watch: ScopeWatch;
}

/** How long a server may take to say how it does. */
const LOOK_TIMEOUT_MS = 2_000;

/** A process's monitor with the sessions by which it asks the servers. */
export interface FleetMonitor {
  readonly monitor: DatabaseMonitor;
  /** Closes sessions that were not used for a while. */
  rest(): void;
  /** Stops, and ends what is under way. */
  stop(): Promise<void>;
}

/** Puts the monitor of one process together. */
export function fleetMonitor(options: FleetMonitorOptions): FleetMonitor {
  const { config, ca, world, redis, watch } = options;
  const nodes = new Map(
    shardSpecs(config).flatMap((shard) =>
      shard.nodes.map((node) => [node.name, {
        target: targetOf({ config, node, ca }),
        session: new KeptSession({ ...world, watch }),
      }])
    ),
  );
  const askNode: AskNode = async (name, work) => {
    const node = nodes.get(name);
    if (node === undefined) return;
    await node.session.use(
      { node: name, target: node.target, timeoutMs: LOOK_TIMEOUT_MS },
      (session) => work(asker(session)),
    );
  };
  const monitor = new DatabaseMonitor({
    ...options,
    fleet: config.fleet,
    clock: world.clock,
    board: new FleetBoard({ ...world, fleet: config.fleet, redis }),
    servers: new ServerWatch({ clock: world.clock, askNode }),
    rssBytes: () => Deno.memoryUsage().rss,
  });
  return {
    monitor,
    rest: () => {
      for (const { session } of nodes.values()) session.rest();
    },
    stop: async () => {
      await monitor.stop();
      await Promise.all([...nodes.values()].map(({ session }) => session.close()));
    },
  };
}

function asker(session: MysqlSession): AskServer {
  return async (sql) => {
    const answer = await session.query(sql);
    return answer.kind === "rows" ? byName(answer) : [];
  };
}

function byName({ columns, rows }: Rows): Record<string, unknown>[] {
  return rows.map((row) => Object.fromEntries(columns.map(({ name }, at) => [name, row[at]])));
}
