import type { PartitionRule, Period } from "./partition_rule.ts";
import { partitionName, periodStart } from "./period.ts";
import { type Partitioning, type TimeBound, timeBoundOf } from "./time_bound.ts";

/** One partition as its server describes it. */
export interface ServerPartition {
  readonly name: string;
  /** Its bound or its values, as `information_schema.partitions` writes them. */
  readonly description: string | null;
  /** About how many rows it has. */
  readonly rows: number;
}

/** A table as one server has it. */
export interface ServerTable extends Partitioning {
  readonly subpartitioned: boolean;
  /** In their own order. */
  readonly partitions: readonly ServerPartition[];
}

/** A partition of a range by time. */
export interface TimePartition extends ServerPartition {
  /** What it begins with, in Unix milliseconds; `-Infinity` for the first. */
  readonly from: number;
  /** What it ends before; `Infinity` for a catch-all. */
  readonly until: number;
  /** Whether its name and its end are those that upkeep would give it; others are left alone. */
  readonly ours: boolean;
}

const METHODS = { range: /^RANGE/, list: /^LIST/, hash: /^(LINEAR )?HASH/, key: /^(LINEAR )?KEY/ };

/** A declared table together with what one server has of it. */
export class PartitionedTable {
  readonly name: string;
  readonly rule: PartitionRule;
  readonly server: ServerTable;
  readonly #bound: TimeBound | string | undefined;
  #ranges: readonly TimePartition[] = [];
  #fault: string | undefined;

  constructor(name: string, rule: PartitionRule, server: ServerTable) {
    this.name = name;
    this.rule = rule;
    this.server = server;
    this.#bound = rule.by === "range" ? timeBoundOf(server, rule) : undefined;
    this.#fault = this.#look();
  }

  /** Why it is not what was declared, or cannot be understood; then nothing may be changed. */
  get fault(): string | undefined {
    return this.#fault;
  }

  /** The partitions of a range by time; empty for other tables, and where there is a fault. */
  get ranges(): readonly TimePartition[] {
    return this.#ranges;
  }

  /** How a range by time writes its bounds; `undefined` for other tables, and where it is unknown. */
  get bound(): TimeBound | undefined {
    return typeof this.#bound === "object" ? this.#bound : undefined;
  }

  #look(): string | undefined {
    const { method, expression, partitions, subpartitioned } = this.server;
    if (method === null) return "it has no partitions";
    if (subpartitioned) return "it has subpartitions, which are not understood";
    if (!METHODS[this.rule.by].test(method)) {
      return `it is declared by ${this.rule.by}, and is by ${method} (${expression})`;
    }
    if (this.rule.by !== "range") return undefined;
    if (this.#bound === undefined || typeof this.#bound === "string") return this.#bound;
    const ranges: TimePartition[] = [];
    let from = -Infinity;
    for (const partition of partitions) {
      const { name, description } = partition;
      const until = description === "MAXVALUE" ? Infinity : this.#bound.read(description ?? "");
      if (until === undefined) return `the end of ${name} is not understood: ${description}`;
      ranges.push({ ...partition, from, until, ours: this.#isOurs(name, until) });
      from = until;
    }
    this.#ranges = ranges;
    return undefined;
  }

  #isOurs(name: string, until: number): boolean {
    if (this.rule.by !== "range" || !Number.isFinite(until)) return false;
    const { period } = this.rule;
    return periodStart(until, period) === until && partitionName(until - 1, period) === name;
  }
}

/** Whether a partition covers more than the period that it is named after. */
export function spansGap({ from, until }: TimePartition, period: Period): boolean {
  return Number.isFinite(from) && Number.isFinite(until) && from < periodStart(until - 1, period);
}
