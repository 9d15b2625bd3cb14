import type { Config } from "../config/schema.ts";
import { RealmgateError } from "../core/errors.ts";
import { ScopeWatch } from "../core/scope.ts";
import type { Exclusive } from "../locks/fleet_duty.ts";
import type { PartitionManager } from "../partitions/partition_manager.ts";
import type { ShardReport, TableReport } from "../partitions/table_report.ts";
import type { TopologySnapshot } from "../routing/topology.ts";
import { fleetPartitions } from "./fleet_partitions.ts";
import type { World } from "./isolate.ts";
import { isRedisAway, Troubles } from "./troubles.ts";

/** What the upkeep of all declared tables works with; it owns none of it. */
export interface PartitionUpkeepOptions {
  readonly config: Config;
  readonly ca: string | undefined;
  readonly world: World;
  readonly locks: Exclusive;
  readonly topology: () => TopologySnapshot;
}

/** How long the upkeep of one table may go on to the next step. */
const TABLE_TIMEOUT_MS = 120_000;

/**
 * The scheduled upkeep of the declared tables that are partitioned by time: a dry run first, whose
 * plan is logged, then what it says. What stands in its way is logged once, not each time.
 */
export class PartitionUpkeep {
  readonly #options: PartitionUpkeepOptions;
  readonly #manager: PartitionManager;
  readonly #troubles: Troubles;
  readonly #watch: ScopeWatch;
  #running: Promise<void> | undefined;
  #stopped = false;

  constructor(options: PartitionUpkeepOptions) {
    const { world } = options;
    this.#options = options;
    this.#watch = new ScopeWatch({ clock: world.clock, tickMs: 100 });
    this.#troubles = new Troubles(world.log, "partitions not kept up");
    this.#manager = fleetPartitions({ ...options, ...world, watch: this.#watch });
  }

  /** Looks after every table once, or joins the run that is under way. Never fails. */
  run(): Promise<void> {
    if (this.#stopped) return Promise.resolve();
    return this.#running ??= this.#run().finally(() => this.#running = undefined);
  }

  /** Every declared table as it is now; see `PartitionManager.report`. */
  report(): Promise<TableReport[]> {
    return this.#stopped ? Promise.resolve([]) : this.#manager.report();
  }

  /** Stops between two steps. */
  async stop(): Promise<void> {
    this.#stopped = true;
    this.#watch.endAll("shutting_down");
    await this.#running;
    this.#watch.close();
  }

  async #run(): Promise<void> {
    for (const [table, { by }] of this.#manager.rules) {
      if (by === "range" && !this.#stopped) await this.#maintain(table);
    }
  }

  async #maintain(table: string): Promise<void> {
    const scope = this.#watch.open({ timeoutMs: TABLE_TIMEOUT_MS });
    try {
      const { shards } = await this.#manager.plan(table, scope);
      for (const shard of shards) this.#tell(table, shard);
      if (shards.some(({ steps }) => steps.length > 0) && !shards.every(isDenied)) {
        await this.#manager.maintain(table, scope);
      }
      this.#troubles.over(table);
    } catch (error) {
      const busy = error instanceof RealmgateError && error.code === "lock_held";
      if (!busy && !isRedisAway(error)) this.#troubles.tell(table, error, { table });
    } finally {
      scope.close();
    }
  }

  #tell(table: string, report: ShardReport): void {
    const { shard, node, steps, problems } = report;
    const place = `${table} ${shard}`;
    const why = problems.filter(({ blocks }) => blocks).map(({ detail }) => detail).join("; ");
    if (why === "") this.#troubles.over(place);
    else this.#troubles.tell(place, why, { table, shard, node });
    if (steps.length === 0 || isDenied(report)) return;
    this.#options.world.log.info("partitions planned", {
      table,
      shard,
      node,
      add: steps.filter(({ action }) => action === "add").map(({ partition }) => partition),
      drop: steps.filter(({ action }) => action === "drop").map(({ partition }) => partition),
    });
  }
}

function isDenied({ problems }: ShardReport): boolean {
  return problems.some(({ code }) => code === "missing_privilege");
}
