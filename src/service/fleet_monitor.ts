import type { Config } from "../config/schema.ts";
import type { ScopeWatch } from "../core/scope.ts";
import type { MysqlSession, Rows } from "../drivers/mysql.ts";
import type { RedisClient } from "../drivers/redis.ts";
import type { AlertFacts } from "../monitor/alerts/alert_facts.ts";
import type { AlertSink } from "../monitor/alerts/alert_sink.ts";
import { AlertStore } from "../monitor/alerts/alert_store.ts";
import { DatabaseMonitor, type DatabaseMonitorOptions } from "../monitor/database_monitor.ts";
import { FleetBoard } from "../monitor/fleet_board.ts";
import type { AskServer } from "../monitor/server_look.ts";
import { type AskNode, ServerWatch } from "../monitor/server_watch.ts";
import type { TableReport } from "../partitions/table_report.ts";
import type { CompiledStatement } from "../query/compiled_statement.ts";
import { KeptSession } from "../routing/kept_session.ts";
import { alertSinks } from "./alert_sinks.ts";
import { AlertWatch } from "./alert_watch.ts";
import type { World } from "./isolate.ts";
import { worsePlans } from "./worse_plans.ts";
import { shardSpecs, targetOf } from "./settings.ts";

/** What a fleet's monitor is made of. */
export interface FleetMonitorOptions extends
  Pick<
    DatabaseMonitorOptions,
    "identity" | "isolates" | "topology" | "duty" | "redisUp"
  > {
  readonly config: Config;
  readonly ca: string | undefined;
  readonly world: World;
  readonly redis: RedisClient;
  readonly watch: ScopeWatch;
  readonly statements: () => readonly CompiledStatement[];
  /** The declared tables as they are now. */
  readonly partitions: () => Promise<readonly TableReport[]>;
  /** A statement is slow all at once: its plan is worth a look. */
  readonly onSlow: () => void;
}

/** How long a server may take to say how it does. */
const LOOK_TIMEOUT_MS = 2_000;
/** How old what is known of partitions may be: they are made days ahead. */
const PARTITIONS_MS = 300_000;

/** A process's monitor with the sessions by which it asks the servers. */
export interface FleetMonitor {
  readonly monitor: DatabaseMonitor;
  /** Closes sessions that were not used for a while. */
  rest(): void;
  /** Stops judging, and tells the fleet that this process is gone. */
  leave(): Promise<void>;
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
  const alerts = new AlertWatch({
    ...world,
    settings: config.alerts.rules,
    store: new AlertStore({ ...world, fleet: config.fleet, redis }),
    sinks: [...alertSinks(options), slowSink(options.onSlow)],
  });
  const partitions = lookSometimes(options.partitions, world);
  const facts = async (): Promise<AlertFacts> => ({
    view: await monitor.fleet({ latency: false }),
    plans: worsePlans(options.statements()),
    partitions: partitions(),
  });
  const monitor = new DatabaseMonitor({
    ...options,
    alerts: () => alerts.alerts,
    judge: () => alerts.tick({ duty: options.duty(), facts }),
    fleet: config.fleet,
    clock: world.clock,
    log: world.log,
    board: new FleetBoard({ ...world, fleet: config.fleet, redis }),
    servers: new ServerWatch({ clock: world.clock, askNode }),
    rssBytes: () => Deno.memoryUsage().rss,
  });
  return {
    monitor,
    rest: () => {
      for (const { session } of nodes.values()) session.rest();
    },
    leave: () => monitor.leave(),
    stop: async () => {
      monitor.stop();
      await alerts.stop();
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

/** Has somebody look at the plans at once, rather than with the next round, when a statement is slow. */
function slowSink(onSlow: () => void): AlertSink {
  return {
    tell({ kind, alert }) {
      if (kind === "raised" && alert.rule === "statement_slow") onSlow();
    },
    stop: () => Promise.resolve(),
  };
}

/** What was found last; whoever asks has it looked for anew once it is old, and waits for nobody. */
function lookSometimes(
  look: () => Promise<readonly TableReport[]>,
  { clock }: Pick<World, "clock">,
): () => AlertFacts["partitions"] {
  let found: AlertFacts["partitions"];
  let lookAt = -Infinity;
  return () => {
    if (clock.now() >= lookAt) {
      lookAt = clock.now() + PARTITIONS_MS;
      look().then((tables) => found = { at: clock.wallMs(), tables }, () => {});
    }
    return found !== undefined && clock.wallMs() - found.at < 2 * PARTITIONS_MS ? found : undefined;
  };
}
