import type { TableReport } from "../../partitions/table_report.ts";
import type { FleetView } from "../fleet_view.ts";

/** A plan that is worse than it was; the part of the registry's own facts that matters here. */
export interface WorsePlan {
  readonly shard: string;
  /** In what it is worse, for people. */
  readonly why: readonly string[];
}

/** What alerts are made of. What is left out is unknown, and raises nothing. */
export interface AlertFacts {
  readonly view: FleetView;
  /** By statement; statements whose plans are as good as they were may be left out. */
  readonly plans?: Readonly<Record<string, readonly WorsePlan[]>> | undefined;
  /** The declared tables as they were looked at last. */
  readonly partitions?: {
    /** When, in Unix milliseconds. */
    readonly at: number;
    readonly tables: readonly TableReport[];
  } | undefined;
}

/** What is remembered of earlier looks; see `AlertMemory`. */
export interface Past {
  /** Each shard's last primary. */
  readonly primaries: ReadonlyMap<string, string>;
  /** Callers that were refused a connection in the last ten seconds, by node. */
  readonly refused: ReadonlyMap<string, number>;
  /** Nodes whose pools have lent nothing since the look before, though callers wait. */
  readonly stuck: ReadonlySet<string>;
  /** Locks that ran out while they were held, in the last half minute. */
  readonly expired: number;
  /** How long a query of a statement usually takes on a shard, in milliseconds. */
  readonly usualMs: ReadonlyMap<string, number>;
}

/** The key of {@linkcode Past.usualMs}. */
export function cellOf(cell: { readonly statement: string; readonly shard: string }): string {
  return `${cell.statement} ${cell.shard}`;
}
