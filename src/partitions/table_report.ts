import type { Scope } from "../core/scope.ts";
import type { PartitionProblem, PartitionStep } from "./partition_plan.ts";
import type { PartitionRule } from "./partition_rule.ts";
import type { InspectedTable } from "./inspect_table.ts";

/**
 * What became of a step: `planned` was not tried, `busy` met a table in use each time, `refused` by
 * the server, `unknown` was sent and not answered, and is found out by the next look.
 */
export type StepOutcome = "planned" | "done" | "busy" | "refused" | "unknown";

/** A step of a plan, and what became of it. */
export interface ReportedStep extends PartitionStep {
  readonly outcome: StepOutcome;
  /** How long the step took with its waits, in milliseconds; `undefined` where it was not tried. */
  readonly tookMs?: number;
  /** Why it was refused. */
  readonly why?: string;
}

/** One partition, for people. */
export interface ReportedPartition {
  readonly name: string;
  /** A range's end in RFC 3339; `null` for a catch-all. Of ranges by time only. */
  readonly until?: string | null;
  /** A list's values, as the server writes them. Of lists only. */
  readonly values?: string;
  /** About how many rows it has. */
  readonly rows: number;
}

/** One shard's part of a table. */
export interface ShardReport {
  readonly shard: string;
  /** The primary that was asked; `null` where there is none. */
  readonly node: string | null;
  /**
   * `ok`: nothing is to be done. `due`: the plan has steps. `blocked`: something is left undone, see
   * the problems. `unreachable`: nothing is known.
   */
  readonly status: "ok" | "due" | "blocked" | "unreachable";
  readonly partitions: readonly ReportedPartition[];
  readonly steps: readonly ReportedStep[];
  readonly problems: readonly PartitionProblem[];
}

/** One declared table on every shard. */
export interface TableReport {
  readonly table: string;
  readonly rule: PartitionRule;
  readonly shards: readonly ShardReport[];
}

/** Where a shard's part of a table was looked for. */
type Place = Pick<ShardReport, "shard" | "node">;

/** A shard of which nothing can be told, or not before the scope's end. */
export function unreachable(place: Place, { ended }: Pick<Scope, "ended">): ShardReport {
  const detail = ended === undefined
    ? "the shard's primary cannot be reached"
    : "the time was over before the shard's primary had answered";
  const problem: PartitionProblem = { code: "unreachable", detail, blocks: true };
  return { ...place, status: "unreachable", partitions: [], steps: [], problems: [problem] };
}

/** A shard's part of a table that this service cannot deal with, by a fault of its own. */
export function failed(place: Place): ShardReport {
  const detail = "something went wrong here; the log has the particulars";
  const problem: PartitionProblem = { code: "internal", detail, blocks: true };
  return { ...place, status: "blocked", partitions: [], steps: [], problems: [problem] };
}

/** What a look at a shard's primary has found. */
export function shardReport(
  place: { readonly shard: string; readonly node: string },
  { table, plan }: InspectedTable,
): ShardReport {
  const blocked = plan.problems.some(({ blocks }) => blocks);
  return {
    ...place,
    status: blocked ? "blocked" : plan.steps.length > 0 ? "due" : "ok",
    partitions: table === undefined ? [] : partitionsOf(table),
    steps: plan.steps.map((step) => ({ ...step, outcome: "planned" })),
    problems: plan.problems,
  };
}

function partitionsOf({ rule, ranges, server }: NonNullable<InspectedTable["table"]>) {
  if (ranges.length > 0) {
    return ranges.map(({ name, until, rows }): ReportedPartition => ({
      name,
      until: Number.isFinite(until) ? new Date(until).toISOString() : null,
      rows,
    }));
  }
  return server.partitions.map(({ name, description, rows }): ReportedPartition => ({
    name,
    ...(rule.by === "list" && description !== null ? { values: description } : {}),
    rows,
  }));
}
