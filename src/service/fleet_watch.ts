import type { Config } from "../config/schema.ts";
import { IoredisClient } from "../drivers/ioredis_client.ts";
import { EpochStore } from "../routing/epoch_store.ts";
import type { TopologySnapshot } from "../routing/topology.ts";
import { TopologyProber } from "../routing/topology_prober.ts";
import type { World } from "./isolate.ts";
import { redisTarget, shardSpecs, targetOf } from "./settings.ts";

/** What a watch is made of. */
export interface FleetWatchOptions {
  readonly config: Config;
  readonly ca: string | undefined;
  readonly world: World;
  readonly onSnapshot: (snapshot: TopologySnapshot) => void;
  /** Told when Redis goes or comes. */
  readonly onRedis: () => void;
}

/** Connections that a process needs on a node beside its pools: probe, heartbeat, checks, spare. */
const OWN_CONNECTIONS = 4;

/** What a process knows of its neighbours: the databases' roles and Redis, for all its isolates. */
export class FleetWatch {
  readonly #options: FleetWatchOptions;
  readonly #redis: IoredisClient;
  readonly #prober: TopologyProber;

  constructor(options: FleetWatchOptions) {
    const { config, ca, world: { clock, random, log, driver } } = options;
    this.#options = options;
    this.#redis = new IoredisClient({ server: redisTarget(config), clock, random, log });
    this.#redis.onState(options.onRedis);
    this.#prober = new TopologyProber({
      shards: shardSpecs(config),
      targetOf: (node) => targetOf({ config, node, ca }),
      driver,
      store: new EpochStore({ fleet: config.fleet, redis: this.#redis, clock }),
      clock,
      log,
      onSnapshot: options.onSnapshot,
      maxLagMs: config.replicas.maxLag,
    });
  }

  /** What is known of the databases now. */
  get snapshot(): TopologySnapshot {
    return this.#prober.snapshot;
  }

  /** Whether Redis answered lately. */
  get redisUp(): boolean {
    return this.#redis.state === "up";
  }

  /**
   * Looks at every node once, then each second. Servers and a Redis that are down do not hold it
   * up for longer than one look.
   *
   * @throws {Error} if the account has a privilege that it must not have, or if all isolates'
   * pools together would not fit a server's `max_connections`
   */
  async start(): Promise<void> {
    await this.#redis.start();
    await this.#prober.start();
    this.#checkLimits();
  }

  /** Looks at a shard's nodes at once: a request met an error there. */
  probeNow(shard: string): void {
    void this.#prober.probeNow(shard);
  }

  /** Arms the probes' timer anew. */
  rearm(): void {
    this.#prober.rearm();
  }

  /** Stops looking and closes its connections. */
  async stop(): Promise<void> {
    await this.#prober.stop();
    await this.#redis.close();
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
