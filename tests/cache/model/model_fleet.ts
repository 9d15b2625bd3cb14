import { applyAction, type Place, type Sweeping, type World } from "./apply_action.ts";
import { faultsAfterCalm } from "./calm_check.ts";
import { type Commit, ModelDatabase } from "./model_database.ts";
import { type IsolateFaults, ModelIsolate } from "./model_isolate.ts";
import { ModelLink } from "./model_link.ts";
import { ModelProcess } from "./model_process.ts";
import { ModelRedis } from "./model_redis.ts";
import { ModelSweeper, type SweeperFaults } from "./model_sweeper.ts";
import { LIMIT_MS } from "./model_writer.ts";
import type { Schedule } from "./schedule.ts";
import { Simulation } from "./simulation.ts";
import { Staleness } from "./staleness.ts";

/** All that may break its promises. */
export interface FleetFaults extends IsolateFaults, SweeperFaults {
  /** The log does not notice that another server has it. */
  readonly overlooksServer: boolean;
}

/** What became of a schedule. */
export interface FleetReport {
  /** Promises that were broken. */
  readonly violations: readonly string[];
  readonly hits: number;
  readonly misses: number;
  readonly fromReplica: number;
  readonly commits: readonly Commit[];
}

/** What is read: each key alone, and both in one answer. */
const READS: readonly (readonly string[])[] = [["a"], ["b"], ["a", "b"]];
const LEASE_MS = 2_000;
const SWEEP_MS = 1_000;
/** Within which those who were there before a loss of all tell those who came after it. */
const WITNESS_MS = 1_500;
/** After it all is well again: doubts are settled, what was held is over. */
const CALM_MS = 9_000;
/** How often is read then. */
const CALM_POLL_MS = 400;

/** Runs one schedule on a fleet of its own. */
export class ModelFleet implements World {
  readonly sim: Simulation;
  readonly redis: ModelRedis;
  readonly database: ModelDatabase;
  readonly places: readonly Place[];
  readonly sweepers: readonly Sweeping[];
  readonly witness: Place | undefined;
  readonly #schedule: Schedule;
  readonly #faults: FleetFaults;
  readonly #staleness: Staleness;
  readonly #splitMs: number;
  readonly #all: ModelIsolate[] = [];
  #healed = false;

  constructor(
    schedule: Schedule,
    options: { readonly faults: FleetFaults; readonly calm: boolean },
  ) {
    const { faults, calm } = options;
    const { delayMs, keeps, pushFirst, lookEveryMs } = schedule;
    const sim = this.sim = new Simulation(schedule.seed);
    this.#schedule = schedule;
    this.#faults = faults;
    const noticesServer = !faults.overlooksServer;
    this.redis = new ModelRedis(sim, { keeps, pushFirst, noticesServer });
    const database = this.database = new ModelDatabase(sim, { delayMs, lookEveryMs });
    this.places = Array.from({ length: schedule.isolates }, () => ({ isolate: undefined }));
    const { splitMs, empties } = worstOf(schedule);
    this.#splitMs = splitMs;
    this.witness = empties ? this.places.at(-1) : undefined;
    const recordedMs = LEASE_MS + splitMs + (empties ? WITNESS_MS : 0);
    this.#staleness = new Staleness({
      sim,
      database,
      bounds: {
        recordedMs,
        outboxMs: SWEEP_MS + recordedMs,
        healthyMs: calm ? delayMs : Infinity,
      },
    });
    this.sweepers = [0, 500].map((phase) => this.#makeSweeper(phase));
  }

  /** Lets it happen, and all be well afterwards. */
  async run(): Promise<FleetReport> {
    for (const place of this.places) this.begin(place);
    this.#poll();
    await this.sim.run(200);
    for (const { afterMs, action } of this.#schedule.steps) {
      await this.sim.run(this.sim.now + afterMs);
      applyAction(this, action);
    }
    await this.sim.run(this.sim.now);
    this.#heal();
    await this.sim.run(this.sim.now + CALM_MS);
    const late = await faultsAfterCalm(this.#all, { reads: READS, ...this.#schedule });
    const readers = this.#all.map(({ reader }) => reader);
    return {
      violations: [...this.#staleness.violations, ...late],
      hits: readers.reduce((sum, { hits }) => sum + hits, 0),
      misses: readers.reduce((sum, { misses }) => sum + misses, 0),
      fromReplica: readers.reduce((sum, { fromReplica }) => sum + fromReplica, 0),
      commits: this.database.commits,
    };
  }

  begin(place: Place): void {
    const isolate = place.isolate = new ModelIsolate({
      sim: this.sim,
      redis: this.redis,
      database: this.database,
      staleness: this.#staleness,
      faults: this.#faults,
      delayMs: this.#schedule.delayMs,
      ttlMs: this.#schedule.ttlMs,
      longestWriteMs: LIMIT_MS + this.#splitMs,
    });
    this.#all.push(isolate);
    isolate.start();
  }

  #makeSweeper(phase: number): Sweeping {
    const { sim, redis, database } = this;
    const process = new ModelProcess(sim);
    const link = new ModelLink({ process, redis, delayMs: this.#schedule.delayMs });
    const sweeper = new ModelSweeper({ process, link, database, faults: this.#faults });
    sim.after(phase, () => {
      link.start();
      sweeper.start();
    });
    return { process, link };
  }

  /** Reads here and there, all the time. */
  #poll(): void {
    for (const { isolate } of this.places) {
      const keys = READS[Math.floor(this.sim.pick(READS.length))] ?? [];
      isolate?.process.at(this.sim.now, () => isolate.reader.read(keys, { takesMs: 3 }));
    }
    this.sim.after(this.#healed ? CALM_POLL_MS : this.#schedule.pollMs, () => this.#poll());
  }

  #heal(): void {
    this.#healed = true;
    this.redis.primary.stalledUntil = 0;
    this.database.lagMs = 0;
    for (const place of this.places) {
      if (place.isolate?.process.alive !== true) this.begin(place);
      else {
        place.isolate.process.goOn();
        place.isolate.link.heal();
      }
    }
    for (const { process, link } of this.sweepers) {
      process.goOn();
      link.heal();
    }
  }
}

/** For how long two servers may be written to at once, and whether Redis loses all that it knows. */
function worstOf({ steps }: Schedule): { readonly splitMs: number; readonly empties: boolean } {
  const actions = steps.map(({ action }) => action);
  const splits = actions.map((action) => action.kind === "fail_over" ? action.splitMs : 0);
  return {
    splitMs: Math.max(0, ...splits),
    empties: actions.some((action) =>
      action.kind === "flush" || (action.kind === "restart" && action.empty)
    ),
  };
}
