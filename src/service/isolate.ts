import type { Clock } from "../core/clock.ts";
import type { Log } from "../core/log.ts";
import type { Random } from "../core/random.ts";
import { ScopeWatch } from "../core/scope.ts";
import type { Tracing } from "../core/telemetry.ts";
import { IoredisClient } from "../drivers/ioredis_client.ts";
import type { MysqlDriver } from "../drivers/mysql.ts";
import { BodyReads } from "../http/body_reads.ts";
import { EventStreams } from "../http/event_streams.ts";
import { CacheManager } from "../cache/cache_manager.ts";
import { DistributedLockManager } from "../locks/distributed_lock_manager.ts";
import { fenceSourceOf } from "../locks/fence_rules.ts";
import type { ConnectionPool } from "../pool/connection_pool.ts";
import { ConnectionPoolManager } from "../pool/connection_pool_manager.ts";
import { ExecutionLog } from "../query/execution_log.ts";
import { Executor } from "../query/executor.ts";
import { FenceCounter } from "../query/fence_counter.ts";
import { ReadFloors } from "../query/read_floors.ts";
import { QueryOptimizer } from "../query/query_optimizer.ts";
import { SETTLE_MS } from "../query/tagged_write.ts";
import type { IsolateBulletin } from "../monitor/database_monitor.ts";
import type { MonitorSource } from "../monitor/monitor_source.ts";
import { QueryMetrics } from "../monitor/query_metrics.ts";
import type { StatementFacts, StatementSource } from "../query/statement.ts";
import { ReadReplicaManager } from "../routing/read_replica_manager.ts";
import { ShardManager } from "../routing/shard_manager.ts";
import type { TopologySnapshot } from "../routing/topology.ts";
import { TopologyView } from "../routing/topology_view.ts";
import { isolateApp } from "./isolate_app.ts";
import { isolateBulletin } from "./isolate_bulletin.ts";
import { Listener } from "./listener.ts";
import type { StartOrder, Status } from "./messages.ts";
import { cacheConfigs, poolConfig, redisTarget, registryRules, shardSpecs } from "./settings.ts";

/** How long answers ask clients to close before the port is closed. */
const ANNOUNCE_MS = 500;
/** How long closing the port waits for a moment in which no body is on its way. */
const BODIES_MS = 2_000;

/** The outside world, as one isolate meets it. */
export interface World {
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Log;
  readonly driver: MysqlDriver;
  /** Where requests are traced. @default {nowhere} */
  readonly tracing?: Tracing | undefined;
}

/**
 * Everything that one isolate runs: its pools, its view of the fleet, its registry and its HTTP
 * app, put together in one place. What it knows of the fleet comes in as values.
 */
export class Isolate {
  /** Answers a request; also what `export default { fetch }` serves. */
  readonly fetch: (request: Request) => Response | Promise<Response>;
  readonly #world: World;
  readonly #order: StartOrder;
  readonly #watch: ScopeWatch;
  readonly #pools: ConnectionPoolManager;
  readonly #view: TopologyView;
  readonly #optimizer: QueryOptimizer;
  readonly #redis: IoredisClient;
  readonly #locks: DistributedLockManager;
  readonly #caches: CacheManager;
  readonly #listener: Listener;
  readonly #metrics: QueryMetrics | undefined;
  readonly #events: EventStreams;
  readonly #reads = new BodyReads();
  readonly #startedAt: number;
  #status: Status = { phase: "starting", redisUp: false };
  #stopped: Promise<void> | undefined;

  /** @throws {StatementFaultsError} if the statements cannot be used */
  constructor(
    order: StartOrder,
    options: {
      readonly world: World;
      readonly onSuspect: (shard: string) => void;
      /** What the main isolate of the process knows. */
      readonly monitor: MonitorSource;
    },
  ) {
    const { config } = order;
    const { clock, random, log } = options.world;
    this.#order = order;
    this.#world = options.world;
    this.#startedAt = clock.wallMs();
    this.#watch = new ScopeWatch({ clock });
    const { monitor } = config;
    this.#metrics = monitor.queries ? new QueryMetrics({ clock, slowMs: monitor.slow }) : undefined;
    this.#pools = new ConnectionPoolManager({ ...options.world, watch: this.#watch });
    const specs = shardSpecs(config);
    const shards = new ShardManager({
      shards: specs.map(({ name }) => name),
      sharding: config.sharding,
    });
    this.#view = new TopologyView({
      shards: specs,
      clock,
      onSuspect: ({ shard }) => options.onSuspect(shard),
    });
    this.#view.apply(order.topology);
    const replicas = new ReadReplicaManager({
      shards: specs,
      view: this.#view,
      fallbackToPrimary: config.replicas.fallbackToPrimary,
    });
    this.#optimizer = new QueryOptimizer({ ...registryRules(config), clock });
    this.#optimizer.load(order.sources);
    const poolOf = (node: string): ConnectionPool => this.#pools.getPool(node);
    const view = this.#view;
    this.#redis = new IoredisClient({ server: redisTarget(config), clock, random, log });
    const floors = new ReadFloors({ view, clock });
    const caches = this.#caches = new CacheManager({
      caches: cacheConfigs(config),
      redis: this.#redis,
      fleet: config.fleet,
      clock,
      random,
      log,
      listener: floors,
      proxied: config.database.proxied,
      longestWriteMs: () => this.#optimizer.longestTaggedWriteMs + SETTLE_MS,
    });
    const executor = new Executor({
      shards,
      view,
      replicas,
      poolOf,
      watch: this.#watch,
      clock,
      log,
      bus: caches.bus,
      proxied: config.database.proxied,
      executions: this.#metrics &&
        new ExecutionLog({ clock, metrics: this.#metrics, shards: specs }),
    });
    const counter = new FenceCounter({ shards, view, poolOf, clock });
    this.#locks = new DistributedLockManager({
      redis: this.#redis,
      fleet: config.fleet,
      clock,
      random,
      watch: this.#watch,
      fenceOf: (name, scope) =>
        fenceSourceOf(config.locks, name) === "sql"
          ? counter.next(name, { shard: counter.shardOf(name), scope })
          : undefined,
    });
    this.#events = new EventStreams({ monitor: options.monitor, clock, log });
    this.fetch = isolateApp(order, {
      events: this.#events,
      world: options.world,
      monitor: options.monitor,
      metrics: this.#metrics,
      watch: this.#watch,
      reads: this.#reads,
      redis: this.#redis,
      optimizer: this.#optimizer,
      executor,
      floors,
      caches,
      locks: this.#locks,
      shards,
      view,
      replicas,
      poolOf,
      readiness: { phase: () => this.#status.phase, redisUp: () => this.#status.redisUp },
    });
    this.#listener = new Listener(this.fetch, { clock, log });
  }

  /**
   * Opens the pools, connects to Redis, and opens the isolate's share of the port if it is to
   * listen. A Redis that is away does not hold it up for longer than a second.
   */
  async start(options: { readonly listen: boolean }): Promise<void> {
    const { config, ca, port } = this.#order;
    for (const shard of shardSpecs(config)) {
      for (const node of shard.nodes) this.#pools.createPool(poolConfig({ config, node, ca }));
    }
    await Promise.all([this.#pools.initializeAll(), this.#redis.start()]);
    await Promise.all([this.#locks.initialize(), this.#caches.initialize()]);
    if (options.listen) this.#listener.start({ hostname: config.listen.hostname, port });
  }

  /** Takes over what the main isolate says of the service. */
  applyStatus(status: Status): void {
    this.#status = status;
  }

  /** Takes over what the prober says of the fleet. */
  applyTopology(snapshot: TopologySnapshot): void {
    const before = new Map(this.#view.snapshot().shards.map(({ name, epoch }) => [name, epoch]));
    this.#view.apply(snapshot);
    for (const { name, epoch } of this.#view.snapshot().shards) {
      if (epoch !== before.get(name)) this.#caches.replaceShard(name);
    }
  }

  /** Replaces the registry whole. @throws {StatementFaultsError} and keeps what was there */
  loadStatements(sources: readonly StatementSource[]): void {
    this.#optimizer.load(sources);
    this.#caches.clear();
  }

  /** Takes over what the servers say of the statements. */
  applyFacts(facts: Readonly<Record<string, StatementFacts>>): void {
    this.#optimizer.applyFacts(facts);
  }

  /** The registry, for the check against the servers. */
  get optimizer(): QueryOptimizer {
    return this.#optimizer;
  }

  /** How it does, and what it counted. */
  bulletin(options: { readonly latency: boolean }): IsolateBulletin {
    return isolateBulletin({
      ...options,
      name: this.#order.name,
      startedAt: this.#startedAt,
      clock: this.#world.clock,
      watch: this.#watch,
      pools: this.#pools,
      caches: this.#caches,
      locks: this.#locks,
      metrics: this.#metrics,
    });
  }

  /** Gives back the memory of cache entries that are over; a scheduled task calls it. */
  evictExpired(): Promise<void> {
    return this.#caches.evictExpired();
  }

  /** Closes idle and aged connections; a scheduled task calls it. */
  upkeep(): void {
    this.#pools.upkeep();
  }

  /**
   * Stops without losing a request that was received: asks clients to leave, stops accepting, finishes what is in
   * flight, then drains the pools. What is still running at the time limit is ended.
   */
  stop(options: { readonly timeoutMs: number }): Promise<void> {
    return this.#stopped ??= this.#stop(options.timeoutMs);
  }

  async #stop(timeoutMs: number): Promise<void> {
    const { clock } = this.#world;
    const cutoff = clock.after(timeoutMs, () => this.#watch.endAll("shutting_down"));
    this.#listener.announceClose();
    this.#events.close();
    await new Promise<void>((resolve) => clock.after(Math.min(ANNOUNCE_MS, timeoutMs), resolve));
    await this.#reads.close({ clock, timeoutMs: Math.min(BODIES_MS, timeoutMs) });
    await this.#locks.shutdown();
    await this.#listener.stop();
    await this.#caches.shutdown();
    await this.#pools.shutdownAll({ timeoutMs: 1_000 });
    await this.#redis.close();
    cutoff.cancel();
    this.#watch.close();
  }
}
