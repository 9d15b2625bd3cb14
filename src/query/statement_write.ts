import type { CoherenceBus } from "../cache/coherence_bus.ts";
import type { Clock } from "../core/clock.ts";
import type { Lease } from "../pool/lease.ts";
import type { TopologyView } from "../routing/topology_view.ts";
import type { Call } from "./executor.ts";
import type { ExecutionLog } from "./execution_log.ts";
import type { PrimaryWork } from "./primary_writer.ts";
import { SETTLE_MS, taggedWrite } from "./tagged_write.ts";
import { transactWrite } from "./transact_write.ts";
import type { WriteGroups } from "./write_groups.ts";
import { withPosition, type Written } from "./write_position.ts";

/** What statements' writes work with; they own none of it. */
export interface StatementWriteParts {
  readonly view: TopologyView;
  readonly clock: Clock;
  /** Told of writes that drop tags. */
  readonly bus: Pick<CoherenceBus, "intend" | "done" | "aborted">;
  /** Where queries are counted, if they are. */
  readonly executions: ExecutionLog | undefined;
  /** Where writes meet that may share a commit. */
  readonly groups: Pick<WriteGroups, "do">;
  /** The shard that a call goes to; throws where it cannot run. */
  readonly shardOf: (call: Call) => string;
}

/**
 * How a statement's write is done on its shard's primary: alone, in a transaction with what must be
 * recorded exactly if it is applied, or with word to the caches.
 */
export function statementWrite(parts: StatementWriteParts): PrimaryWork<Call, Written> {
  const { view, clock, bus, executions, groups, shardOf } = parts;
  const runTagged = (lease: Lease, call: Call, node: string) => {
    const { compiled, bound, scope, fence } = call;
    const shard = shardOf(call);
    const { primary, epoch } = view.shard(shard);
    return taggedWrite(lease, {
      tags: compiled.tags(bound),
      shard,
      epoch: primary === node ? epoch : "0",
      node,
      bound,
      fence,
      label: compiled.statement.name,
      scope,
      limitMs: Math.max(0, Math.ceil(scope.deadlineAt - clock.now())) + SETTLE_MS,
    }, bus);
  };
  return {
    shardOf,
    labelOf: ({ compiled }) => compiled.statement.name,
    join: (call, at, alone) => groups.do({ call, ...at }, alone),
    repeats: ({ compiled }) => compiled.statement.retry,
    ...(executions === undefined ? {} : {
      ended: ({ compiled, times }, at) => executions.ended({ ...at, compiled, times }),
    }),
    lacks: ({ gtid }) => gtid === undefined,
    // Where a shard has one node, everybody reads that: nobody asks how far it is.
    complete: (lease, { job, result }) =>
      view.shard(shardOf(job)).nodes.length > 1
        ? withPosition(lease, { result, scope: job.scope })
        : Promise.resolve(result),
    run: (lease, call, node) => {
      const { compiled, bound, scope, fence } = call;
      if (compiled.statement.invalidates.length > 0) return runTagged(lease, call, node);
      return fence === undefined
        ? lease.execute(bound.sql, bound.values, { scope, settle: true, once: bound.once })
        : transactWrite(lease, { bound, scope, fence, label: compiled.statement.name });
    },
  };
}
