import type { AlertFacts, Past } from "./alert_facts.ts";
import { type Condition, UNMEASURED } from "./condition.ts";

/** What is wrong with whole shards. One that was not looked at yet has no condition. */
export function shardConditions(
  { view }: AlertFacts,
  { past }: { readonly past: Past },
): Condition[] {
  return view.shards.flatMap(({ name: shard, status, why, primary, nodes }): Condition[] => {
    const about = { key: shard, subject: { shard }, place: { shards: [shard] }, ...UNMEASURED };
    const reason = why === undefined || why === null ? "" : `: ${why}`;
    switch (status) {
      case "unknown":
        return [];
      case "split_brain":
        return [{
          ...about,
          rule: "split_brain",
          severity: "critical",
          summary: `${shard} has several writable servers and is not used${reason}`,
          advice: "Make all but the right one read-only (SET GLOBAL read_only = 1), compare what " +
            "they have, and let the others replicate from it again.",
        }];
      case "no_primary": {
        const last = past.primaries.get(shard);
        return [{
          ...about,
          rule: "no_primary",
          // Only if this server is down, that is what explains it.
          place: { shards: [shard], ...(last === undefined ? {} : { node: last }) },
          severity: "critical",
          summary: `${shard} takes no writes${reason}`,
          advice: "Make one server writable (SET GLOBAL read_only = 0): one that has applied all " +
            "that it received.",
        }];
      }
      case "ok": {
        const node = view.nodes.find(({ node }) => node === primary);
        if (node?.semiSync !== false || nodes.length < 2) return [];
        return [{
          ...about,
          rule: "semi_sync_inactive",
          severity: "warning",
          summary: `${node.node} commits without waiting for a replica: ` +
            `a fail-over of ${shard} may lose acknowledged writes`,
          advice: "Look whether a replica is connected with rpl_semi_sync_slave_enabled = 1, and " +
            "rpl_semi_sync_master_enabled is 1. Where replication is asynchronous on purpose, " +
            "switch this rule off (alerts.rules.semi_sync_inactive.enabled).",
        }];
      }
    }
  });
}
