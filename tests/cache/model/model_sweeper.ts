import { CoherenceLog } from "../../../src/cache/coherence_log.ts";
import type { ModelDatabase } from "./model_database.ts";
import type { ModelLink } from "./model_link.ts";
import type { ModelProcess } from "./model_process.ts";

/** What a sweeper leaves out of the rules, to see that they are needed. */
export interface SweeperFaults {
  /** Intents whose writer is gone stay open. */
  readonly leavesIntents: boolean;
  /** Rows of the outbox are deleted, and what they say is not told. */
  readonly leavesRows: boolean;
  /** An intent whose writer is gone is taken for one of a write that was refused. */
  readonly presumesAborted: boolean;
}

/** What a {@linkcode ModelSweeper} is made of. */
export interface ModelSweeperOptions {
  readonly process: ModelProcess;
  readonly link: ModelLink;
  readonly database: ModelDatabase;
  readonly faults: SweeperFaults;
}

const SWEEP_MS = 1_000;

/**
 * Each second finds out what became of writes whose writers cannot tell: publishes the outbox, and
 * settles the intents whose time is over, once their sessions are gone.
 */
export class ModelSweeper {
  readonly #options: ModelSweeperOptions;
  readonly #log: CoherenceLog;
  #sweeping = false;

  constructor(options: ModelSweeperOptions) {
    this.#options = options;
    this.#log = new CoherenceLog({ redis: options.link, fleet: "model" });
  }

  /** Begins to look. */
  start(): void {
    this.#options.process.every(SWEEP_MS, () => void this.#sweep());
  }

  async #sweep(): Promise<void> {
    if (this.#sweeping) return;
    this.#sweeping = true;
    try {
      await this.#publishRows();
      await this.#settleIntents();
    } catch {
      // What could not be told is found again by the next look.
    }
    this.#sweeping = false;
  }

  get #place() {
    const { database } = this.#options;
    return { shard: "shard", epoch: "1", position: String(database.position) };
  }

  async #publishRows(): Promise<void> {
    const { database, faults, process } = this.#options;
    const rows = [...database.outbox];
    if (rows.length === 0) return;
    const tags = faults.leavesRows ? [] : rows.map(({ key }) => key);
    await this.#log.record([{ kind: "dropped", tags, place: this.#place }]);
    for (const row of rows) {
      row.publishedAt = Math.min(row.publishedAt, process.now());
      database.outbox.delete(row);
    }
  }

  async #settleIntents(): Promise<void> {
    const { database, faults } = this.#options;
    if (faults.leavesIntents) return;
    const overdue = await this.#log.overdue();
    if (overdue.length === 0) return;
    for (const { connection } of overdue) database.kill(connection);
    const place = this.#place;
    await this.#log.record(
      overdue.map(({ id, tags }) =>
        faults.presumesAborted ? { kind: "aborted", id } : { kind: "done", id, tags, ...place }
      ),
    );
  }
}
