import { addCounts, countsSince, NO_COUNTS } from "./counts.ts";
import { addPhases, latencyOf, type PhasePairs } from "./latency_pairs.ts";
import type { SeriesKey, StatementReport } from "./query_metrics.ts";
import type { StatementCounts, StatementMetrics } from "./statement_metrics.ts";

/** What several isolates counted of one statement on one shard, as processes tell each other. */
export interface StatementTotal extends SeriesKey {
  readonly since: StatementCounts;
  readonly recent: StatementMetrics["recent"];
  /** Of the last five minutes; only where it was asked for. */
  readonly latency?: PhasePairs | undefined;
}

/** How far back what is recent goes. */
const RECENT_MS = 10_000;
/** What was counted is remembered no more often than this, however often it is asked. */
const MOMENT_MS = 500;

interface Moment {
  readonly at: number;
  readonly counts: ReadonlyMap<string, StatementCounts>;
}

/**
 * Adds up what the isolates of a process counted, and remembers what they had counted some seconds
 * ago, so that it can say what is recent.
 */
export class StatementTotals {
  #totals = new Map<string, StatementReport>();
  #latency = new Map<string, PhasePairs>();
  /** The oldest first; the first is the newest of those that are not recent. */
  #past: Moment[] = [];
  #takenAt = 0;

  /**
   * Takes over what all isolates counted until now.
   *
   * @param now on any clock that does not go back, in milliseconds
   */
  take(reports: Iterable<StatementReport>, now: number): void {
    const totals = new Map<string, StatementReport>();
    const latency = new Map<string, PhasePairs[]>();
    for (const report of reports) {
      const key = `${report.statement} ${report.shard}`;
      const known = totals.get(key);
      const counts = known === undefined ? report.counts : addCounts(known.counts, report.counts);
      totals.set(key, { ...report, counts });
      if (report.latency === undefined) continue;
      const told = latency.get(key);
      if (told === undefined) latency.set(key, [report.latency]);
      else told.push(report.latency);
    }
    this.#totals = totals;
    for (const [key, told] of latency) this.#latency.set(key, addPhases(told));
    this.#takenAt = now;
    if (now - (this.#past.at(-1)?.at ?? -Infinity) < MOMENT_MS) return;
    this.#past.push({
      at: now,
      counts: new Map([...totals].map(([k, { counts }]) => [k, counts])),
    });
    while ((this.#past[1]?.at ?? Infinity) <= now - RECENT_MS) this.#past.shift();
  }

  /**
   * All of them.
   *
   * @param options.latency whether with their latencies, as they were taken last
   */
  list(options: { readonly latency: boolean }): StatementTotal[] {
    const [before] = this.#past;
    const seconds = (this.#takenAt - (before?.at ?? this.#takenAt)) / 1_000;
    return [...this.#totals].map(([key, { statement, shard, kind, counts }]) => ({
      statement,
      shard,
      kind,
      since: counts,
      recent: { ...countsSince(counts, before?.counts.get(key) ?? NO_COUNTS), seconds },
      ...(options.latency ? { latency: this.#latency.get(key) } : {}),
    }));
  }
}

/** What all processes counted, as it is answered. */
export function toMetrics(totals: Iterable<StatementTotal>): StatementMetrics[] {
  const groups = new Map<string, StatementTotal[]>();
  for (const total of totals) {
    const key = `${total.statement} ${total.shard}`;
    const group = groups.get(key);
    if (group === undefined) groups.set(key, [total]);
    else group.push(total);
  }
  return [...groups.values()].map((group) => {
    const [{ statement, shard, kind }] = group as [StatementTotal];
    const { total, queue, execute, encode } = addPhases(
      group.flatMap((one) => one.latency ?? []),
    );
    return {
      statement,
      shard,
      kind,
      since: group.map(({ since }) => since).reduce(addCounts),
      recent: {
        ...group.map(({ recent }): StatementCounts => recent).reduce(addCounts),
        seconds: Math.max(...group.map(({ recent }) => recent.seconds)),
      },
      latency: {
        total: latencyOf(total),
        queue: latencyOf(queue),
        execute: latencyOf(execute),
        encode: latencyOf(encode),
      },
    };
  });
}
