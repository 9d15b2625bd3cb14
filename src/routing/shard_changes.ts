import type { Log } from "../core/log.ts";
import type { ShardState } from "./topology.ts";

/** Whether isolates must learn of a change at once; lag and the like can wait for the next period. */
export function isNews(before: ShardState, after: ShardState): boolean {
  return signature(before) !== signature(after);
}

function signature({ epoch, primary, status, nodes }: ShardState): string {
  const each = nodes.map((
    { role, up, drained, ejected },
  ) => [role, up, drained === undefined, ejected === undefined]);
  return JSON.stringify([epoch, primary, status, each]);
}

/** Says in the log what changed at a shard. */
export function sayChanges(log: Log, before: ShardState, after: ShardState): void {
  const { name: shard, primary, epoch, status, why } = after;
  if (before.primary !== primary || before.status !== status) {
    if (status === "ok") log.info("shard has a primary", { shard, primary, epoch });
    else if (status === "split_brain") log.error("shard refuses writes", { shard, status, why });
    else log.warn("shard refuses writes", { shard, status, why });
  }
  for (const { name: node, ejected } of after.nodes) {
    const old = before.nodes.find(({ name }) => name === node)?.ejected;
    if (ejected !== undefined && old === undefined) log.warn("node is out", { node, ejected });
    if (ejected === undefined && old !== undefined) log.info("node is in", { node });
  }
}
