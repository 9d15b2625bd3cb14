import type { CoherenceLog } from "../cache/coherence_log.ts";
import type { WrittenPlace } from "../cache/cache_event.ts";
import type { Log } from "../core/log.ts";
import { type MysqlSession, SqlError } from "../drivers/mysql.ts";
import { KeptSession, type KeptSessionOptions, type SessionUse } from "../routing/kept_session.ts";
import { committedPosition } from "./committed_position.ts";
import { messageSlices } from "./message_slices.ts";
import {
  deleteRows,
  oldestRows,
  OUTBOX_SLICE,
  type OutboxRow,
  outdatedRows,
} from "./outbox_rows.ts";
import { isRedisAway, Troubles } from "./troubles.ts";

/** What a sweep of one shard's outbox works with; it owns none of it. */
export interface OutboxSweepOptions extends KeptSessionOptions {
  readonly shard: string;
  readonly events: Pick<CoherenceLog, "record">;
  readonly log: Log;
  /** After how long no cache can hold anymore what a row's write has changed, in milliseconds. */
  readonly keepMs: () => number;
}

/** The shard's primary, and its epoch. */
export interface SweptPrimary extends Omit<SessionUse, "timeoutMs"> {
  readonly epoch: string;
}

/** How long one sweep may take; a DELETE can wait for a semi-synchronous replica. */
const TIMEOUT_MS = 10_000;
/** Slices per sweep; what is left then waits for the next one. */
const MAX_SLICES = 10;
/** How often a sweep that finds rows says so. */
const SAY_MS = 60_000;
const ER_NO_SUCH_TABLE = 1146;

/**
 * Tells the fleet's caches of the writes that left word in one shard's outbox, then deletes their
 * rows. Several processes may do so at once: what is told twice is dropped twice.
 *
 * A row is deleted only once it was told of, and by its own id: ids are given before commits, so a
 * smaller one may be committed, and seen, later than a larger one. The position is read after the
 * rows were, so that it covers their writes.
 */
export class OutboxSweep {
  readonly #options: OutboxSweepOptions;
  readonly #session: KeptSession;
  readonly #troubles: Troubles;
  #current: Promise<void> | undefined;
  /** Rows that were swept since the log was told of some, and when it was. */
  #unsaid = 0;
  #saidAt = -Infinity;
  #closed = false;

  constructor(options: OutboxSweepOptions) {
    this.#options = options;
    this.#session = new KeptSession(options);
    this.#troubles = new Troubles(options.log, "outbox not swept");
  }

  /**
   * Sweeps, or joins the sweep that is under way. One statement where nothing is there. Never fails:
   * what could not be told of stays for the next one.
   */
  sweep(primary: SweptPrimary): Promise<void> {
    return this.#begin(primary, (session) => this.#tellAll(session, primary));
  }

  /**
   * Deletes rows that need not be told of any longer. Only for who cannot tell: a commit that hung
   * for long shows a row that is old already, and its write is news all the same.
   */
  purge(primary: SweptPrimary): Promise<void> {
    return this.#begin(primary, (session) => this.#deleteOutdated(session));
  }

  /** Closes the connection if it was not used for a while: others sweep now. */
  rest(): void {
    this.#session.rest();
  }

  /** Ends the sweep under way, and the connection. */
  async close(): Promise<void> {
    this.#closed = true;
    await this.#session.close();
    await this.#current;
  }

  #begin(primary: SweptPrimary, work: (session: MysqlSession) => Promise<void>): Promise<void> {
    if (this.#closed) return Promise.resolve();
    return this.#current ??= this.#run(primary, work).finally(() => this.#current = undefined);
  }

  async #run(
    primary: SweptPrimary,
    work: (session: MysqlSession) => Promise<void>,
  ): Promise<void> {
    const { shard } = this.#options;
    try {
      await this.#session.use({ ...primary, timeoutMs: TIMEOUT_MS }, work);
      this.#troubles.over(shard);
    } catch (error) {
      if (this.#closed || isRedisAway(error)) return;
      this.#troubles.tell(shard, reasonOf(error), { shard, node: primary.node });
    }
  }

  async #tellAll(session: MysqlSession, { epoch }: SweptPrimary): Promise<void> {
    const { shard } = this.#options;
    const swept = await inSlices(async () => {
      const rows = await oldestRows(session);
      if (rows.length === 0) return 0;
      await this.#tell(rows, { shard, epoch, position: await committedPosition(session) });
      await deleteRows(session, rows);
      return rows.length;
    });
    this.#say(swept);
  }

  async #deleteOutdated(session: MysqlSession): Promise<void> {
    const { shard, log, keepMs } = this.#options;
    const purged = await inSlices(async () => {
      const rows = await outdatedRows(session, keepMs());
      if (rows.length > 0) await deleteRows(session, rows);
      return rows.length;
    });
    if (purged > 0) log.info("outbox purged", { shard, rows: purged });
  }

  async #tell(rows: readonly OutboxRow[], place: WrittenPlace): Promise<void> {
    const { shard, log, events } = this.#options;
    for (const { id, tags } of rows) {
      if (tags === undefined) log.warn("a row of the outbox cannot be read", { shard, id });
    }
    const all = new Set(rows.flatMap(({ tags = [] }) => tags));
    for (const tags of messageSlices(all)) await events.record([{ kind: "dropped", tags, place }]);
  }

  /** At once, then no more than once a minute. */
  #say(rows: number): void {
    const { shard, clock, log } = this.#options;
    this.#unsaid += rows;
    if (rows === 0 || clock.now() - this.#saidAt < SAY_MS) return;
    log.info("outbox swept", { shard, rows: this.#unsaid });
    this.#unsaid = 0;
    this.#saidAt = clock.now();
  }
}

/** Takes slice after slice while they are full. @returns how many rows */
async function inSlices(take: () => Promise<number>): Promise<number> {
  let rows = 0;
  for (let slice = 0; slice < MAX_SLICES; slice++) {
    const taken = await take();
    rows += taken;
    if (taken < OUTBOX_SLICE) break;
  }
  return rows;
}

function reasonOf(error: unknown): unknown {
  return error instanceof SqlError && error.errno === ER_NO_SUCH_TABLE
    ? "the shard must have the table realmgate_outbox: deno task schema:install"
    : error;
}
