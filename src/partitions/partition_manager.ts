import type { Clock } from "../core/clock.ts";
import { RealmgateError } from "../core/errors.ts";
import type { Log } from "../core/log.ts";
import type { Scope, ScopeWatch } from "../core/scope.ts";
import { EndedError } from "../core/until_end.ts";
import { type MysqlSession, SqlError } from "../drivers/mysql.ts";
import type { Exclusive } from "../locks/fleet_duty.ts";
import type { Held } from "../locks/held_lock.ts";
import { inspectTable } from "./inspect_table.ts";
import type { PartitionRule } from "./partition_rule.ts";
import { runSteps } from "./run_steps.ts";
import {
  failed,
  type ShardReport,
  shardReport,
  type TableReport,
  unreachable,
} from "./table_report.ts";

/** A session on a shard's primary. */
export interface PrimarySession {
  readonly node: string;
  readonly session: MysqlSession;
}

/** What a manager works with; it owns none of it. */
export interface PartitionManagerOptions {
  /** The declared tables by name; every shard has each of them. */
  readonly rules: ReadonlyMap<string, PartitionRule>;
  readonly shards: readonly string[];
  /**
   * Opens a session on a shard's primary, which the manager ends.
   *
   * @throws {SqlError} if it cannot be reached
   * @throws {RealmgateError} `no_primary`, `split_brain`
   */
  readonly connect: (shard: string, scope: Scope) => Promise<PrimarySession>;
  readonly locks: Exclusive;
  readonly watch: ScopeWatch;
  readonly clock: Clock;
  readonly log: Log;
}

const LOCK = "realmgate:partitions:";
const LOCK_TTL_MS = 10_000;
/** How long the look after an upkeep may take. */
const LOOK_TIMEOUT_MS = 10_000;
/** How long a report of everything may take; what is not known by then is `unreachable`. */
const REPORT_TIMEOUT_MS = 10_000;

interface Work {
  readonly table: string;
  readonly rule: PartitionRule;
  readonly scope: Scope;
  /** Under which the plan is carried out; without it nothing is changed. */
  readonly held?: Held;
}

/**
 * Looks after the partitioned tables that are declared: compares them with what each shard's primary
 * has, plans what is to be made or dropped, and does it, one statement a partition, one process of
 * the fleet at a time.
 *
 * What is done twice does no harm: each statement names the partition that it makes or drops, and
 * fails where that was done before. So one whose outcome is unknown is never repeated: the next run
 * compares anew.
 */
export class PartitionManager {
  readonly #options: PartitionManagerOptions;
  #reporting: Promise<TableReport[]> | undefined;

  constructor(options: PartitionManagerOptions) {
    this.#options = options;
  }

  /** The declared tables by name. */
  get rules(): ReadonlyMap<string, PartitionRule> {
    return this.#options.rules;
  }

  /**
   * Every declared table on every shard, and what its upkeep would do. Changes nothing. One report is
   * made at a time, whoever asks for it meanwhile gets the same: it opens sessions beside the pools.
   */
  report(): Promise<TableReport[]> {
    return this.#reporting ??= this.#report().finally(() => this.#reporting = undefined);
  }

  /**
   * One declared table on every shard, all at once, and what its upkeep would do: the dry run.
   *
   * @throws {RealmgateError} `not_found` if it is not declared
   * @throws {EndedError} if the scope ended before all shards had answered
   */
  async plan(table: string, scope: Scope): Promise<TableReport> {
    return inTime(await this.#plan(table, scope), scope);
  }

  /**
   * Does the upkeep of one declared table, one shard after the other: where one shard's goes wrong the
   * others' is done all the same. It stops between two steps at the end of `scope`, or if the lock is
   * lost.
   *
   * @throws {RealmgateError} `not_found` if it is not declared, `lock_held` if another upkeep of it is
   * under way, `redis_unavailable`, `lock_outcome_unknown`
   * @throws {EndedError} if the scope ended before all shards had answered, and no step was tried
   */
  async maintain(table: string, scope: Scope): Promise<TableReport> {
    const rule = this.#ruleOf(table);
    const { locks, shards } = this.#options;
    const done = await locks.withLock(LOCK + table, { ttlMs: LOCK_TTL_MS }, async (held) => {
      const reports: ShardReport[] = [];
      for (const shard of shards) {
        reports.push(await this.#onShard(shard, { table, rule, scope, held }));
      }
      return reports;
    });
    if (done !== undefined) return inTime({ table, rule, shards: done }, scope);
    throw new RealmgateError(
      "lock_held",
      `Cannot maintain ${table}: another upkeep of it is under way`,
      { retryAfterMs: 1_000 },
    );
  }

  async #report(): Promise<TableReport[]> {
    const scope = this.#options.watch.open({ timeoutMs: REPORT_TIMEOUT_MS });
    try {
      const reports: TableReport[] = [];
      for (const table of this.rules.keys()) reports.push(await this.#plan(table, scope));
      return reports;
    } finally {
      scope.close();
    }
  }

  async #plan(table: string, scope: Scope): Promise<TableReport> {
    const rule = this.#ruleOf(table);
    const shards = await Promise.all(
      this.#options.shards.map((shard) => this.#onShard(shard, { table, rule, scope })),
    );
    return { table, rule, shards };
  }

  async #onShard(shard: string, work: Work): Promise<ShardReport> {
    const { connect, log } = this.#options;
    const { table, scope } = work;
    let node: string | null = null;
    try {
      const primary = await connect(shard, scope);
      const { session } = primary;
      node = primary.node;
      const destroy = () => session.destroy();
      scope.onEnd(destroy);
      try {
        const report = await this.#look({ shard, ...primary }, work);
        const denied = report.problems.some(({ code }) => code === "missing_privilege");
        if (work.held === undefined || denied || report.steps.length === 0) return report;
        // From here on a statement is left to end, if it does: only then is it known what it did.
        scope.offEnd(destroy);
        return await this.#carryOut(report, { ...work, ...primary, held: work.held });
      } finally {
        scope.offEnd(destroy);
        await session.end();
      }
    } catch (error) {
      const fields = { table, shard, node, error };
      if (error instanceof SqlError || error instanceof RealmgateError) {
        log.debug("a shard's partitions cannot be looked at", fields);
        return unreachable({ shard, node }, scope);
      }
      // A fault of our own, which must not keep what is known of other tables and shards from anybody.
      log.error("the upkeep of a shard's partitions failed", fields);
      return failed({ shard, node });
    }
  }

  /** Does what a look has found to be done, then looks again. */
  async #carryOut(
    report: ShardReport,
    work: Work & PrimarySession & { readonly held: Held },
  ): Promise<ShardReport> {
    const { clock, log } = this.#options;
    const { table, session, node, scope, held } = work;
    const { shard } = report;
    const goOn = () => scope.ended === undefined && !held.lost;
    const steps = await runSteps(session, { table, steps: report.steps, goOn, clock });
    for (const { action, partition, outcome, tookMs, why } of steps) {
      if (outcome === "planned") continue;
      const fields = { table, shard, node, action, partition, outcome, tookMs };
      if (outcome === "done") log.info("partition changed", fields);
      else log.warn("partition not changed", { ...fields, why });
    }
    if (session.closed) return { ...report, steps };
    const limit = clock.after(LOOK_TIMEOUT_MS, () => session.destroy());
    try {
      return { ...await this.#look({ shard, node, session }, work), steps };
    } catch (error) {
      if (!(error instanceof SqlError)) throw error;
      return { ...report, steps };
    } finally {
      limit.cancel();
    }
  }

  async #look(
    { shard, node, session }: PrimarySession & { readonly shard: string },
    { table: name, rule }: Work,
  ): Promise<ShardReport> {
    const wallMs = () => this.#options.clock.wallMs();
    return shardReport({ shard, node }, await inspectTable(session, { name, rule, wallMs }));
  }

  #ruleOf(table: string): PartitionRule {
    const rule = this.rules.get(table);
    if (rule !== undefined) return rule;
    throw new RealmgateError(
      "not_found",
      "Cannot find a partitioned table of this name: the configuration must declare it",
    );
  }
}

/**
 * A report, unless the scope's end has kept a shard from it. What was tried is told all the same.
 *
 * @throws {EndedError}
 */
function inTime(report: TableReport, { ended }: Scope): TableReport {
  const { shards } = report;
  const tried = shards.some(({ steps }) => steps.some(({ outcome }) => outcome !== "planned"));
  const cutOff = shards.some(({ status }) => status === "unreachable");
  if (ended !== undefined && cutOff && !tried) throw new EndedError(ended);
  return report;
}
