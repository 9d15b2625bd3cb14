import type { Clock } from "../core/clock.ts";
import type { Log } from "../core/log.ts";
import type { Scope, ScopeWatch } from "../core/scope.ts";
import { type Rows, SqlError } from "../drivers/mysql.ts";
import type { ConnectionPool } from "../pool/connection_pool.ts";
import { MOST_ROWS } from "./annotations.ts";
import type { BatchPlan } from "./batch_plan.ts";
import type { Bound, CompiledStatement } from "./compiled_statement.ts";
import type { ExecutionLog } from "./execution_log.ts";
import { isNodeFailure } from "./failure.ts";
import { type Batch, type BatchRows, type ReadBatch, ReadLane } from "./read_lane.ts";

/** What batches work with; they own none of it. */
export interface ReadBatchesParts {
  readonly poolOf: (node: string) => ConnectionPool;
  readonly watch: ScopeWatch;
  readonly clock: Clock;
  readonly log: Log;
  /** Where queries are counted, if they are. */
  readonly executions: ExecutionLog | undefined;
}

/** A call that might be read with others. */
export interface BatchedCall {
  readonly compiled: CompiledStatement;
  readonly bound: Bound;
  readonly scope: Scope;
}

/** Groups of calls that differ in more than their keys, of one statement on one node. */
const MAX_GROUPS = 64;

/**
 * Reads of statements marked `@batch`: concurrent calls on one node become one query with
 * `IN (…)`. Nothing joins a batch that was sent, so that a read never sees less than what was
 * committed before it came.
 */
export class ReadBatches {
  readonly #parts: ReadBatchesParts;
  readonly #lanes = new WeakMap<CompiledStatement, Map<string, ReadLane>>();
  /** Whose rows do not tell whom they are for: a column that compares otherwise than its texts do. */
  readonly #unfit = new WeakSet<CompiledStatement>();

  constructor(parts: ReadBatchesParts) {
    this.#parts = parts;
  }

  /** Where a call's companions are; `undefined` where it has to be read by itself. */
  laneOf(node: string, { compiled, bound }: BatchedCall): ReadLane | undefined {
    const { plan } = compiled;
    // Before the servers were asked nobody knows how they compare keys.
    const fit = compiled.facts !== undefined && compiled.facts.unbatchable === undefined;
    if (plan === undefined || !fit || this.#unfit.has(compiled)) return undefined;
    if (plan.keyOf(bound) === undefined) return undefined;
    return this.#lane(node, compiled, plan.groupOf(bound));
  }

  /**
   * Reads with others. Throws as {@linkcode ReadLane.read}.
   *
   * @param lane the call's own
   * @returns `undefined` where the call has to be read by itself after all
   */
  read(lane: ReadLane, { compiled, bound, scope }: BatchedCall): Promise<Rows | undefined> {
    const key = compiled.plan?.keyOf(bound);
    if (key === undefined) throw new TypeError(`Cannot batch ${compiled.statement.name}`);
    return lane.read(key, bound, scope);
  }

  #lane(node: string, compiled: CompiledStatement, group: string): ReadLane | undefined {
    let lanes = this.#lanes.get(compiled);
    if (lanes === undefined) this.#lanes.set(compiled, lanes = new Map());
    const name = group === "" ? node : `${node} ${group}`;
    let lane = lanes.get(name);
    if (lane === undefined) {
      for (const [other, { idle }] of lanes) {
        if (lanes.size < MAX_GROUPS) break;
        if (idle) lanes.delete(other);
      }
      if (lanes.size >= MAX_GROUPS) return undefined;
      lane = new ReadLane({
        ...this.#parts,
        timeoutMs: compiled.statement.timeoutMs,
        read: (batch, scope) => this.#run(node, { compiled, batch, scope }),
      });
      lanes.set(name, lane);
    }
    return lane;
  }

  async #run(
    node: string,
    work: { readonly compiled: CompiledStatement; readonly batch: Batch; readonly scope: Scope },
  ): ReturnType<ReadBatch> {
    const { compiled, batch, scope } = work;
    const { plan } = compiled;
    const [first] = batch.values();
    if (plan === undefined || first === undefined) return undefined;
    const { poolOf, executions } = this.#parts;
    const pool = poolOf(node);
    const lent = pool.acquire({ scope, label: compiled.statement.name });
    const waitedFrom = lent instanceof Promise ? executions?.now() : undefined;
    const connection = lent instanceof Promise ? await lent : lent;
    try {
      if (batch.size === 1) {
        const { sql, values } = first.bound;
        const result = await connection.execute(sql, values, { scope });
        return result.kind === "rows" ? { of: () => result, size: 0 } : undefined;
      }
      const { sql, values } = plan.merge(first.bound, [...batch.keys()]);
      const result = await connection.execute(sql, values, { scope });
      return result.kind === "rows" ? this.#split(result, { compiled, plan, batch }) : undefined;
    } catch (error) {
      // What one of the calls may have caused is not the others' failure.
      if (batch.size > 1 && error instanceof SqlError && !isNodeFailure(error)) return undefined;
      throw error;
    } finally {
      const { lentAt } = connection;
      executions?.ended({ node, compiled, waitedFrom, lentAt, times: undefined, keys: batch.size });
      pool.release(connection);
    }
  }

  #split(
    result: Rows,
    work: {
      readonly compiled: CompiledStatement;
      readonly plan: BatchPlan;
      readonly batch: Batch;
    },
  ): BatchRows | "too_large" | undefined {
    const { compiled, plan, batch } = work;
    // The session gives no more: somebody's rows may be missing.
    if (result.excess === true || result.rows.length > MOST_ROWS) return "too_large";
    const byKey = plan.split(result, batch);
    if (byKey === undefined) {
      const { name } = compiled.statement;
      this.#parts.log.warn("@batch is of no use: rows have other keys than were asked for", {
        statement: name,
      });
      this.#unfit.add(compiled);
      return undefined;
    }
    const none = plan.none(result);
    return { of: (key) => byKey.get(key) ?? none, size: sizeOf(result) };
  }
}

/** Nothing but texts and bytes makes rows large. */
function sizeOf({ rows }: Rows): number {
  let size = 0;
  for (const row of rows) {
    for (const value of row) {
      if (typeof value === "string" || value instanceof Uint8Array) size += value.length;
    }
  }
  return size;
}
