import { CacheManager, type WriteListener } from "../../../src/cache/cache_manager.ts";
import type { Clock } from "../../../src/core/clock.ts";
import { silentLog } from "../../../src/core/log.ts";
import type { RedisClient } from "../../../src/drivers/redis.ts";
import type { ModelDatabase } from "./model_database.ts";
import { ModelFloors } from "./model_floors.ts";
import { ModelLink } from "./model_link.ts";
import { ModelProcess } from "./model_process.ts";
import { ModelReader, READ_CACHE, type ReaderFaults } from "./model_reader.ts";
import type { ModelRedis } from "./model_redis.ts";
import { ModelWriter, type WriterFaults } from "./model_writer.ts";
import type { Simulation } from "./simulation.ts";
import type { Staleness } from "./staleness.ts";

/** How an isolate's surroundings break their promises, to see that they are needed. */
export interface IsolateFaults extends ReaderFaults, WriterFaults {
  /** Another client of Redis in place of the one at hand. */
  readonly redis: (client: RedisClient, clock: Clock) => RedisClient;
  /** Another clock in place of the process's. */
  readonly clock: (clock: Clock, client: RedisClient) => Clock;
  readonly listener: (listener: WriteListener) => WriteListener;
}

/** What a {@linkcode ModelIsolate} is made of. */
export interface ModelIsolateOptions {
  readonly sim: Simulation;
  readonly redis: ModelRedis;
  readonly database: ModelDatabase;
  readonly staleness: Staleness;
  readonly faults: IsolateFaults;
  readonly delayMs: number;
  readonly ttlMs: number;
  readonly longestWriteMs: number;
}

/** One isolate: the real caches, with readers and writers, in a process and a network of the model. */
export class ModelIsolate {
  readonly process: ModelProcess;
  readonly link: ModelLink;
  readonly caches: CacheManager;
  readonly reader: ModelReader;
  readonly writer: ModelWriter;

  constructor(options: ModelIsolateOptions) {
    const { sim, redis, database, staleness, faults, delayMs, ttlMs, longestWriteMs } = options;
    const process = this.process = new ModelProcess(sim);
    this.link = new ModelLink({ process, redis, delayMs });
    const floors = new ModelFloors(database, process);
    const client = faults.redis(this.link, process);
    this.caches = new CacheManager({
      caches: [{ ...READ_CACHE, ttlMs }],
      redis: client,
      fleet: "model",
      clock: faults.clock(process, client),
      random: sim.random,
      log: silentLog,
      listener: faults.listener(floors),
      longestWriteMs: () => longestWriteMs,
    });
    const parts = { process, caches: this.caches, database, staleness, faults, isolate: this };
    this.reader = new ModelReader({ ...parts, floors });
    this.writer = new ModelWriter({ ...parts, die: () => this.kill() });
  }

  /** Begins to connect, and to listen. */
  start(): void {
    if (this.process.sim.chance(0.5)) this.link.start();
    void this.caches.initialize();
    this.link.start();
  }

  /** Ends its process. */
  kill(): void {
    this.process.kill();
    this.link.drop();
  }
}
