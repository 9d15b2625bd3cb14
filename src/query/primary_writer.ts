import type { Clock } from "../core/clock.ts";
import { RealmgateError } from "../core/errors.ts";
import type { Scope } from "../core/scope.ts";
import { SqlError } from "../drivers/mysql.ts";
import type { ConnectionPool } from "../pool/connection_pool.ts";
import type { Lease } from "../pool/lease.ts";
import type { TopologyView } from "../routing/topology_view.ts";
import {
  explainFailure,
  inDoubt,
  isNodeFailure,
  isReadOnlyRefusal,
  reasonOf,
  shardUnavailable,
} from "./failure.ts";
import { pause } from "./pause.ts";
import type { Timings } from "./timings.ts";

/** What ran, where. */
export interface Executed<Result> {
  readonly result: Result;
  readonly shard: string;
  readonly node: string;
  readonly source: "primary" | "replica";
}

/** The same of a write. */
export interface ExecutedWrite<Result> extends Executed<Result> {
  /** The shard's epoch when it was sent: never a newer one than the primary's that it was sent to. */
  readonly epoch: string;
}

/** What the way to a primary must know of whatever goes it. */
export interface PrimaryJob {
  readonly scope: Scope;
  /** Filled where the caller wants to see where its time goes. */
  readonly timings?: Timings | undefined;
}

/**
 * What is to be done on a primary. Its functions are given the job, so that they are made once and
 * a write costs neither a closure nor an object for them.
 */
export interface PrimaryWork<Job extends PrimaryJob, Result> {
  /** Where it goes; may throw. */
  readonly shardOf: (job: Job) => string;
  /** What errors and reports call it. */
  readonly labelOf: (job: Job) => string;
  /** Whether it may be run again though it may have been applied. */
  readonly repeats: (job: Job) => boolean;
  /** Fails with `connect_failed` where it is certainly not applied, else with `connection_lost`. */
  readonly run: (lease: Lease, job: Job, node: string) => Promise<Result>;
  /**
   * Does it together with others where that is better; `alone` is the ordinary way.
   *
   * @default {always alone}
   */
  readonly join?: (
    job: Job,
    at: { readonly node: string; readonly shard: string },
    alone: () => Promise<Result>,
  ) => Promise<Result>;
  /** Told when it ended, with whatever, and when its connection was waited for and lent. */
  readonly ended?: (
    job: Job,
    at: { readonly node: string; readonly waitedFrom: number | undefined; readonly lentAt: number },
  ) => void;
  /** Whether a result lacks what the server can still be asked for. @default {it never does} */
  readonly lacks?: (result: Result) => boolean;
  /** Asks for it on the same connection. Must not fail, for the work is done. */
  readonly complete?: (
    lease: Lease,
    done: { readonly job: Job; readonly result: Result },
  ) => Promise<Result>;
}

/** What a writer works with; it owns none of it. */
export interface PrimaryParts {
  readonly view: TopologyView;
  readonly poolOf: (node: string) => ConnectionPool;
  readonly clock: Clock;
}

/** How long a request that was not sent yet waits for a shard to have a primary again. */
const PRIMARY_WAIT_MS = 10_000;
/** The pause after the second try of a write that was not sent, and the longest one. */
const FIRST_PAUSE_MS = 20;
const LONGEST_PAUSE_MS = 500;

/**
 * The one way to a shard's primary. A write is sent once: it follows the shard to its new primary
 * as long as nothing was sent, or the server refused it as read-only, and a write whose answer was
 * lost is `write_outcome_unknown`, unless it says that it repeats.
 */
export class PrimaryWriter {
  readonly #view: TopologyView;
  readonly #poolOf: (node: string) => ConnectionPool;
  readonly #clock: Clock;

  constructor(parts: PrimaryParts) {
    this.#view = parts.view;
    this.#poolOf = parts.poolOf;
    this.#clock = parts.clock;
  }

  /** The node that takes a shard's writes, waited for where there is none. Throws as the view. */
  primaryOf(shard: string, scope: Scope): string | Promise<string> {
    return this.#view.shard(shard).status === "ok"
      ? this.#view.primaryFor(shard)
      : this.#view.waitForPrimary(shard, { scope, maxWaitMs: PRIMARY_WAIT_MS });
  }

  /**
   * Does the work on its shard's primary.
   *
   * @throws {RealmgateError} `no_primary`, `split_brain`, `shard_unavailable`, `pool_saturated`,
   * `constraint_violation`, `deadlock`, `write_outcome_unknown`, …; its outcome is `unknown` also
   * where a repetition failed and the try before may have been applied
   */
  async write<Job extends PrimaryJob, Result>(
    job: Job,
    work: PrimaryWork<Job, Result>,
  ): Promise<ExecutedWrite<Result>> {
    const { scope } = job;
    const shard = work.shardOf(job);
    const giveUpAt = this.#clock.now() + PRIMARY_WAIT_MS;
    let doubtful = false;
    for (let tries = 1;; tries++) {
      let node: string | undefined;
      try {
        node = await this.primaryOf(shard, scope);
        const { primary, epoch } = this.#view.shard(shard);
        const at = { node, shard };
        const result = work.join === undefined
          ? await this.#run(node, job, work)
          : await work.join(job, at, () => this.#run(at.node, job, work));
        job.timings?.mark("db");
        return { result, shard, node, source: "primary", epoch: primary === node ? epoch : "0" };
      } catch (error) {
        if (node === undefined || !(error instanceof SqlError)) {
          throw doubtful ? inDoubt(error) : error;
        }
        const unsent = error.kind === "connect_failed" || isReadOnlyRefusal(error) ||
          (error.kind === "server" && isNodeFailure(error));
        if (!unsent && error.kind === "server") {
          const known = explainFailure(error, { statement: work.labelOf(job) });
          throw doubtful ? inDoubt(known) : known;
        }
        this.#view.suspect(node, reasonOf(error));
        if (!unsent && !work.repeats(job)) throw outcomeUnknown(work.labelOf(job), error);
        doubtful ||= !unsent;
        if (scope.ended !== undefined || this.#clock.now() >= giveUpAt) {
          throw shardUnavailable(shard, doubtful ? "unknown" : "not_applied", error);
        }
        // A node that a look finds well may refuse connections even so: it is not asked in a loop.
        if (tries > 1) {
          const delayMs = Math.min(FIRST_PAUSE_MS * 2 ** tries, LONGEST_PAUSE_MS);
          await pause(delayMs, { clock: this.#clock, scope });
        }
      }
    }
  }

  async #run<Job extends PrimaryJob, Result>(
    node: string,
    job: Job,
    work: PrimaryWork<Job, Result>,
  ): Promise<Result> {
    const { scope, timings } = job;
    const pool = this.#poolOf(node);
    timings?.mark("route");
    const lent = pool.acquire({ scope, label: work.labelOf(job) });
    const waitedFrom = lent instanceof Promise ? this.#clock.now() : undefined;
    const lease = lent instanceof Promise ? await lent : lent;
    timings?.mark("pool");
    try {
      const result = await work.run(lease, job, node);
      return work.lacks?.(result) === true && work.complete !== undefined
        ? await work.complete(lease, { job, result })
        : result;
    } finally {
      work.ended?.(job, { node, waitedFrom, lentAt: lease.lentAt });
      pool.release(lease);
    }
  }
}

function outcomeUnknown(label: string, cause: SqlError): RealmgateError {
  return new RealmgateError(
    "write_outcome_unknown",
    `Cannot tell whether ${label} was applied: the connection was lost before its answer; ` +
      "read the row before you send it again",
    { outcome: "unknown", retry: "never", cause },
  );
}
