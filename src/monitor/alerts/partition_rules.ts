import type { ShardReport, TableReport } from "../../partitions/table_report.ts";
import type { AlertFacts } from "./alert_facts.ts";
import { type Condition, listed } from "./condition.ts";
import type { AllRuleSettings } from "./rule_settings.ts";

/** A look at the tables that is older says nothing of now. */
const STALE_MS = 3 * 3_600_000;
/** Upkeep runs each hour, and may miss one: by then there is so much less than was declared. */
const UPKEEP_MS = 2 * 3_600_000;

/** Whether anything is known of partitions now. */
export function knowsPartitions({ partitions, view }: AlertFacts): boolean {
  return partitions !== undefined && view.at - partitions.at < STALE_MS;
}

/**
 * Tables by time that have no partition for the rows of tomorrow, or of as far ahead as their upkeep
 * sees to: one condition per table, on whatever shards. A partition for all that comes later takes
 * them, but is no partition of theirs.
 */
export function partitionConditions(
  facts: AlertFacts,
  { settings }: { readonly settings: AllRuleSettings },
): Condition[] {
  const { partitions, view } = facts;
  const { threshold: wanted } = settings.partition_missing;
  if (partitions === undefined || wanted === null || !knowsPartitions(facts)) return [];
  return partitions.tables.flatMap(({ table, rule, shards }: TableReport) => {
    if (rule.by !== "range") return [];
    const threshold = Math.min(wanted, Math.max(0, rule.aheadMs - UPKEEP_MS));
    const missing = shards.flatMap((report) => {
      const until = lastEnd(report);
      return until === undefined || until > view.at + threshold ? [] : [{ report, until }];
    });
    const [first, second] = missing;
    if (first === undefined) return [];
    const { report } = first;
    const until = Math.min(...missing.map((one) => one.until));
    const caught = missing.every(({ report }) => report.partitions.some((p) => p.until === null));
    const blocked = report.problems.find(({ blocks }) => blocks);
    return [{
      rule: "partition_missing",
      key: table,
      subject: { table, ...(second === undefined ? { shard: report.shard } : {}) },
      place: { shards: missing.map(({ report }) => report.shard) },
      raises: true,
      value: until - view.at,
      threshold,
      severity: caught ? "warning" : "critical",
      summary: `the partitions of ${table} on ${listed(missing.map((one) => one.report.shard))} ` +
        `end at ${new Date(until).toISOString()}` +
        (blocked === undefined ? "" : ` (${blocked.detail})`),
      advice: "See what its upkeep would do, and why it does not " +
        `(POST /v1/partitions/${table}/maintain with dryRun).`,
    }];
  });
}

/** Where the last partition by time ends, in Unix milliseconds; `undefined` where none is known. */
function lastEnd({ partitions }: ShardReport): number | undefined {
  const ends = partitions.flatMap(({ until }) =>
    until === undefined || until === null ? [] : [Date.parse(until)]
  );
  return ends.length === 0 ? undefined : Math.max(...ends);
}
