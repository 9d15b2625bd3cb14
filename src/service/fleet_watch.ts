import { CoherenceLog } from "../cache/coherence_log.ts";
import type { Config } from "../config/schema.ts";
import { ScopeWatch } from "../core/scope.ts";
import { IoredisClient } from "../drivers/ioredis_client.ts";
import { redisFitness } from "../drivers/redis_fitness.ts";
import { DistributedLockManager } from "../locks/distributed_lock_manager.ts";
import { FleetDuty } from "../locks/fleet_duty.ts";
import type { DatabaseMonitorOptions } from "../monitor/database_monitor.ts";
import type { MonitorSource } from "../monitor/monitor_source.ts";
import { DrainWatch } from "../routing/drain_watch.ts";
import { EpochStore } from "../routing/epoch_store.ts";
import type { TopologySnapshot } from "../routing/topology.ts";
import { TopologyBulletin } from "../routing/topology_bulletin.ts";
import { TopologyProber } from "../routing/topology_prober.ts";
import { CacheSweeper, SWEEPERS } from "./cache_sweeper.ts";
import { sweepFences } from "./fence_sweep.ts";
import { type FleetMonitor, fleetMonitor, type FleetMonitorOptions } from "./fleet_monitor.ts";
import type { World } from "./isolate.ts";
import { PlanBoard } from "./plan_board.ts";
import { PartitionUpkeep } from "./partition_upkeep.ts";
import { redisTarget, shardSpecs, targetOf } from "./settings.ts";

/** What a watch is made of. */
export interface FleetWatchOptions {
  readonly config: Config;
  readonly ca: string | undefined;
  readonly world: World;
  /** This process, as the fleet sees it. */
  readonly identity: DatabaseMonitorOptions["identity"];
  /** The main isolate's registry. */
  readonly statements: FleetMonitorOptions["statements"];
  /** A statement is slow all at once. */
  readonly onSlow: () => void;
  /** How the isolates of this process do. */
  readonly isolates: DatabaseMonitorOptions["isolates"];
  readonly onSnapshot: (snapshot: TopologySnapshot) => void;
  /** Told when Redis goes or comes. */
  readonly onRedis: () => void;
  /** The longest that any cache answers with what it has loaded, in milliseconds. */
  readonly longestCacheMs: () => number;
}

/**
 * Connections that a process needs on a node beside its pools: probe, heartbeat, checks, the sweeps
 * of the outbox and of intents, the partitions' upkeep, the monitor, spare.
 */
const OWN_CONNECTIONS = 8;

/** The lock of the process that looks at the databases for the fleet. */
const DUTY = "realmgate:topology";
/** The locks of those that sweep what writes left behind. */
const SWEEP_DUTY = "realmgate:cache-sweep";

/**
 * What a process knows of its neighbours, for all its isolates: the databases' roles, Redis, and
 * whether it is the one that works for the fleet.
 */
export class FleetWatch {
  /** What the process on duty tells the others of plans. */
  readonly plans: PlanBoard;
  readonly #options: FleetWatchOptions;
  readonly #redis: IoredisClient;
  readonly #watch: ScopeWatch;
  readonly #locks: DistributedLockManager;
  readonly #duty: FleetDuty;
  readonly #drains: DrainWatch;
  readonly #prober: TopologyProber;
  readonly #sweepDuty: FleetDuty;
  readonly #sweeper: CacheSweeper;
  readonly #partitions: PartitionUpkeep;
  readonly #monitor: FleetMonitor;

  constructor(options: FleetWatchOptions) {
    const { config, ca, world } = options;
    const { fleet } = config;
    const redis = new IoredisClient({ ...world, server: redisTarget(config) });
    this.#options = options;
    this.#redis = redis;
    redis.onState(options.onRedis);
    this.plans = new PlanBoard({ fleet, redis, log: world.log });
    this.#watch = new ScopeWatch({ clock: world.clock, tickMs: 100 });
    this.#locks = new DistributedLockManager({ ...world, fleet, redis, watch: this.#watch });
    this.#duty = new FleetDuty({ ...world, name: DUTY, locks: this.#locks });
    this.#drains = new DrainWatch({
      ...world,
      fleet,
      redis,
      onChange: () => this.#prober.renew(),
    });
    this.#prober = new TopologyProber({
      ...world,
      shards: shardSpecs(config),
      targetOf: (node) => targetOf({ config, node, ca }),
      store: new EpochStore({ ...world, fleet, redis }),
      duty: this.#duty,
      bulletin: new TopologyBulletin({ ...world, fleet, redis }),
      drains: () => this.#drains.drains,
      onSnapshot: options.onSnapshot,
      maxLagMs: config.replicas.maxLag,
    });
    this.#duty.onChange(() => this.#prober.rearm());
    this.#sweepDuty = new FleetDuty({
      ...world,
      name: SWEEP_DUTY,
      slots: SWEEPERS,
      locks: this.#locks,
    });
    this.#sweeper = new CacheSweeper({
      ...options,
      events: new CoherenceLog({ redis, fleet }),
      duty: this.#sweepDuty,
      topology: () => this.#prober.snapshot,
    });
    this.#partitions = new PartitionUpkeep({
      ...options,
      locks: this.#locks,
      topology: () => this.#prober.snapshot,
    });
    this.#monitor = fleetMonitor({
      ...options,
      redis,
      watch: this.#watch,
      topology: () => this.#prober.snapshot,
      duty: () => this.#duty.state,
      redisUp: () => this.redisUp,
      partitions: () => this.#partitions.report(),
    });
  }

  /** What is known of the whole fleet. */
  get monitor(): MonitorSource {
    return this.#monitor.monitor;
  }

  /** What is known of the databases now. */
  get snapshot(): TopologySnapshot {
    return this.#prober.snapshot;
  }

  /** Whether this process works for the fleet. */
  get onDuty(): boolean {
    return this.#duty.state === "ours";
  }

  /** Whether Redis answered lately. */
  get redisUp(): boolean {
    return this.#redis.state === "up";
  }

  /**
   * Looks at every node once, then as often as its part in the fleet asks for. Servers and a Redis
   * that are down do not hold it up for longer than one look.
   *
   * @throws {Error} if the account has a privilege that it must not have, if all isolates' pools
   * together would not fit a server's `max_connections`, or if Redis evicts what it is given
   */
  async start(): Promise<void> {
    await this.#redis.start();
    await this.#checkRedis();
    // Before it is known where reads may go.
    await this.#drains.start();
    await this.#prober.start();
    this.#checkLimits();
    await this.#locks.initialize();
    this.#duty.start();
    this.#sweepDuty.start();
    this.#sweeper.start();
  }

  /** Begins to tell the fleet how this process does, and to judge it if that is its duty. */
  startMonitor(): void {
    this.#monitor.monitor.start();
  }

  /** Looks at a shard's nodes at once: a request met an error there. */
  probeNow(shard: string): void {
    void this.#prober.probeNow(shard);
  }

  /** Arms the timers anew. */
  rearm(): void {
    this.#prober.rearm();
    this.#drains.rearm();
    this.#duty.start();
    this.#sweepDuty.start();
    this.#sweeper.start();
    this.#monitor.monitor.start();
    this.#monitor.rest();
  }

  /** Deletes fences that were not used for long, on every shard, if this process is on duty. */
  async sweepFences(): Promise<void> {
    if (!this.onDuty) return;
    await sweepFences({ ...this.#options, locks: this.#locks, topology: this.snapshot });
  }

  /** Deletes what is too old in the shards' outboxes, if Redis cannot be told of it. */
  purgeOutboxes(): Promise<void> {
    return this.#sweeper.purge();
  }

  /** Makes partitions ahead and drops old ones, on every shard, if this process is on duty. */
  async maintainPartitions(): Promise<void> {
    if (this.#duty.state === "ours") await this.#partitions.run();
  }

  /** Leaves the fleet's work to another process, and tells nobody of this one any more. */
  async leave(): Promise<void> {
    await Promise.all([this.#duty.stop(), this.#sweepDuty.stop(), this.#monitor.leave()]);
  }

  /** Stops looking and closes its connections; one that did not leave is missed by the others. */
  async stop(): Promise<void> {
    await Promise.all([this.#duty.stop(), this.#sweepDuty.stop(), this.#monitor.stop()]);
    this.#drains.stop();
    await Promise.all([this.#prober.stop(), this.#sweeper.stop(), this.#partitions.stop()]);
    await this.#locks.shutdown();
    this.#watch.close();
    await this.#redis.close();
  }

  /** One that is away is not waited for. */
  async #checkRedis(): Promise<void> {
    const { config: { fleet }, world: { log } } = this.#options;
    const fitness = await redisFitness(this.#redis, fleet).catch(() => undefined);
    if (fitness?.evicts !== undefined) {
      throw new Error(
        "Cannot serve: Redis must not evict keys, for locks and the caches' log live there: " +
          `maxmemory-policy must be noeviction, received ${fitness.evicts}`,
      );
    }
    if (fitness !== undefined && fitness.replicas > 0 && !fitness.guarded) {
      log.warn("redis loses what it took last when it fails over: set min-replicas-to-write 1", {
        replicas: fitness.replicas,
      });
    }
  }

  #checkLimits(): void {
    const { config } = this.#options;
    const { isolates } = config.listen;
    // Each pool may have one more connection, for KILL.
    const needed = isolates * (config.database.pool.max + 1) + OWN_CONNECTIONS;
    for (const { nodes } of this.snapshot.shards) {
      for (const { name, connections } of nodes) {
        if (connections === undefined || needed <= connections.max) continue;
        throw new Error(
          `Cannot serve: ${isolates} isolates with pools of ${config.database.pool.max} need ` +
            `${needed} connections to each node, but max_connections of ${name} is ${connections.max}`,
        );
      }
    }
  }
}
