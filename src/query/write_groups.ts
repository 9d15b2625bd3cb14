import type { CoherenceBus } from "../cache/coherence_bus.ts";
import type { Clock } from "../core/clock.ts";
import type { Scope, ScopeWatch } from "../core/scope.ts";
import { SharedTrace } from "../core/shared_trace.ts";
import type { ConnectionPool } from "../pool/connection_pool.ts";
import type { Lease } from "../pool/lease.ts";
import type { TopologyView } from "../routing/topology_view.ts";
import type { ExecutionLog } from "./execution_log.ts";
import type { Call } from "./executor.ts";
import { ALONE, commitTogether, type GroupResult } from "./group_commit.ts";
import { isUnapplied, SETTLE_MS } from "./tagged_write.ts";
import { type Gathered, type Outcome, WriteLane } from "./write_lane.ts";
import type { Written } from "./write_position.ts";

/** What groups work with; they own none of it. */
export interface WriteGroupsParts {
  readonly view: TopologyView;
  readonly poolOf: (node: string) => ConnectionPool;
  readonly clock: Clock;
  readonly watch: ScopeWatch;
  /** Told of writes that drop tags. */
  readonly bus: Pick<CoherenceBus, "intend" | "done" | "aborted">;
  /** Where queries are counted, if they are. */
  readonly executions: ExecutionLog | undefined;
  /** Whether a proxy stands before the servers: it may take a transaction elsewhere. @default {false} */
  readonly proxied?: boolean;
}

interface GroupedWrite {
  readonly call: Call;
  readonly scope: Scope;
  readonly shard: string;
  readonly cameAt: number;
}

/** Less than that until a write's deadline, in milliseconds: its own connection can still be stopped. */
const LEAST_LEFT_MS = 100;
/** For how long writes with tags go alone once the fleet could not be told of them, in milliseconds. */
const UNTOLD_MS = 1_000;

/**
 * Concurrent writes to one node share a commit, which is the most expensive part of a small write:
 * for the server, and for every replica that repeats it. Each is applied or refused by itself, and is
 * answered once all are committed; those of a node at rest go alone.
 */
export class WriteGroups {
  readonly #parts: WriteGroupsParts;
  /** Until when writes with tags go alone, for the fleet cannot be told of them; on the clock's `now()`. */
  #untoldUntil = -Infinity;
  readonly #lanes = new Map<string, WriteLane<GroupedWrite, Written>>();

  constructor(parts: WriteGroupsParts) {
    this.#parts = parts;
  }

  /**
   * Does a write, with others where it may be.
   *
   * @param alone does it by itself
   * @throws as `alone`
   */
  do(
    { call, shard, node }: { readonly call: Call; readonly shard: string; readonly node: string },
    alone: () => Promise<Written>,
  ): Promise<Written> {
    const { clock, proxied = false } = this.#parts;
    const { compiled: { statement, facts }, bound, scope, fence, timings } = call;
    const cameAt = clock.now();
    const fit = facts !== undefined && facts.ungroupable === undefined && fence === undefined &&
      timings === undefined && bound.once !== true && !proxied &&
      scope.deadlineAt - cameAt >= LEAST_LEFT_MS &&
      (statement.invalidates.length === 0 || cameAt >= this.#untoldUntil);
    return fit ? this.#laneOf(node).do({ call, scope, shard, cameAt }, alone) : alone();
  }

  #laneOf(node: string): WriteLane<GroupedWrite, Written> {
    let lane = this.#lanes.get(node);
    if (lane === undefined) {
      lane = new WriteLane({
        clock: this.#parts.clock,
        together: (group) => this.#together(node, group),
      });
      this.#lanes.set(node, lane);
    }
    return lane;
  }

  async #together(
    node: string,
    group: Gathered<GroupedWrite>,
  ): Promise<readonly Outcome<Written>[]> {
    const { clock, watch, poolOf } = this.#parts;
    const { writes, take } = group;
    const tagged = writes.filter(({ call }) => call.compiled.statement.invalidates.length > 0);
    const lasts = tagged.length > 0 ? tagged : writes;
    const deadlineAt = Math.max(...lasts.map(({ scope }) => scope.deadlineAt));
    const timeoutMs = Math.max(0, deadlineAt - clock.now());
    const scope = watch.open({ timeoutMs, trace: traceOf(writes) });
    const pool = poolOf(node);
    let lease: Lease | undefined;
    try {
      lease = await pool.acquire({ scope, label: labelOf(writes) });
      const tags = [...new Set(tagged.flatMap(({ call }) => call.compiled.tags(call.bound)))];
      return await this.#tell(lease, { node, group, tags, scope });
    } catch (error) {
      if (scope.ended === undefined || !isUnapplied(error)) throw error;
      // Its time was that of those with tags; nothing was sent, and others may have more.
      return take().map(({ scope }) =>
        scope.deadlineAt > deadlineAt ? ALONE : { is: "failed", error: error as Error }
      );
    } finally {
      if (lease !== undefined) pool.release(lease);
      scope.close();
    }
  }

  /** Tells the fleet's caches beforehand what is coming, and how it ended, as of one write. */
  async #tell(lease: Lease, told: ToldGroup): Promise<readonly Outcome<Written>[]> {
    const { node, group: { writes: [first], take }, tags, scope } = told;
    const { view, bus, clock } = this.#parts;
    if (tags.length === 0 || first === undefined) return (await this.#commit(lease, told)).outcomes;
    const { shard } = first;
    const { primary, epoch: newest } = view.shard(shard);
    const epoch = primary === node ? newest : "0";
    const limitMs = Math.max(0, Math.ceil(scope.deadlineAt - clock.now())) + SETTLE_MS;
    const connection = lease.connectionId;
    const { intent, recorded } = await bus.intend(
      { tags, shard, node, connection, limitMs },
      scope.trace,
    );
    if (!recorded) {
      // Each has to leave word in the outbox, in a transaction of its own.
      bus.aborted(intent);
      this.#untoldUntil = clock.now() + UNTOLD_MS;
      return take().map(() => ALONE);
    }
    try {
      const { outcomes, position } = await this.#commit(lease, told);
      if (outcomes.every(({ is }) => is !== "done")) bus.aborted(intent);
      else bus.done(intent, { shard, epoch, position: position ?? "" });
      return outcomes;
    } catch (error) {
      if (isUnapplied(error)) bus.aborted(intent);
      else if (lease.state !== "closed") bus.done(intent, { shard, epoch, position: "" });
      throw error;
    }
  }

  async #commit(lease: Lease, { node, group, scope }: ToldGroup): Promise<GroupResult> {
    const { view, clock, executions } = this.#parts;
    const writes = group.take();
    const [first] = writes;
    if (first === undefined) return { outcomes: [], position: undefined };
    let outcomes: readonly Outcome<Written>[] = [];
    try {
      const result = await commitTogether(lease, {
        writes: writes.map(({ call: { bound } }) => bound),
        positioned: view.shard(first.shard).nodes.length > 1,
        clock,
        measured: group.measured,
        scope,
      });
      outcomes = result.outcomes;
      return result;
    } finally {
      writes.forEach(({ call: { compiled, times }, cameAt }, at) => {
        if (outcomes[at]?.is === "alone") return;
        executions?.ended({ node, compiled, waitedFrom: undefined, lentAt: cameAt, times });
      });
    }
  }
}

/** A group, with what is told of it. */
interface ToldGroup {
  readonly node: string;
  readonly group: Gathered<GroupedWrite>;
  /** What caches must drop. */
  readonly tags: readonly string[];
  readonly scope: Scope;
}

/** What reports call a group: the statements that it is of. */
function labelOf(writes: readonly GroupedWrite[]): string {
  return [...new Set(writes.map(({ call }) => call.compiled.statement.name))].join(", ");
}

/** Where a group is traced: with all that wait for it. */
function traceOf(writes: readonly GroupedWrite[]): SharedTrace | undefined {
  let shared: SharedTrace | undefined;
  for (const { scope: { trace } } of writes) {
    if (trace === undefined) continue;
    (shared ??= new SharedTrace({ "realmgate.batch.size": writes.length })).add(trace);
  }
  return shared;
}
