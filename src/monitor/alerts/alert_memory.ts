import type { FleetView, IsolateReport, ProcessReport } from "../fleet_view.ts";
import type { StatementMetrics } from "../statement_metrics.ts";
import { cellOf, type Past } from "./alert_facts.ts";
import { Growth } from "./growth.ts";
import { QueryBaseline, type UsualTime } from "./query_baseline.ts";

/** What another process may take over; the rest is known again after two looks. */
export interface MemoryState {
  readonly primaries: Readonly<Record<string, string>>;
  readonly usual: readonly UsualTime[];
}

/** Queries that must have been counted before their mean says something. */
const LEAST_QUERIES = 20;
/** How many times as long as usual is slow. */
export const SLOW_TIMES = 5;

const REFUSED_WINDOW_MS = 10_000;
const EXPIRED_WINDOW_MS = 30_000;

/**
 * What the rules must remember between two looks at the fleet: how counters grow, who was a shard's
 * primary, how long queries usually take. All of it is bounded.
 */
export class AlertMemory {
  readonly #refused = new Growth({ windowMs: REFUSED_WINDOW_MS });
  readonly #expired = new Growth({ windowMs: EXPIRED_WINDOW_MS });
  readonly #lent = new Growth({ windowMs: 0 });
  readonly #baseline = new QueryBaseline();
  #primaries: ReadonlyMap<string, string> = new Map();
  /** When each isolate spoke last, and the nodes whose pools stood still then. */
  #heard: ReadonlyMap<string, { readonly at: number; readonly stuck: readonly string[] }> =
    new Map();

  /** Takes in a look, and tells what was known before it with how the counters have grown in it. */
  take(view: FleetView): Past {
    const now = view.at;
    const heard = new Map(this.#heard);
    const alive = view.processes.filter(({ state }) => state === "alive");
    for (const process of alive) {
      for (const isolate of process.isolates) {
        const name = `${process.id} ${isolate.name}`;
        if (heard.get(name)?.at === isolate.at) continue;
        heard.set(name, { at: isolate.at, stuck: this.#count(process, isolate, now) });
      }
    }
    const present = new Set(
      alive.flatMap(({ id, isolates }) => isolates.map(({ name }) => `${id} ${name}`)),
    );
    this.#heard = new Map([...heard].filter(([name]) => present.has(name)));
    this.#lent.sums(now);
    const usualMs = this.#baseline.usual();
    this.#learn(view, usualMs);
    return {
      primaries: this.#learnPrimaries(view),
      refused: this.#refused.sums(now),
      stuck: new Set([...this.#heard.values()].flatMap(({ stuck }) => stuck)),
      expired: this.#expired.sums(now).get("") ?? 0,
      usualMs,
    };
  }

  /** What another process may take over. */
  export(): MemoryState {
    return { primaries: Object.fromEntries(this.#primaries), usual: this.#baseline.export() };
  }

  /** Takes over what another process remembers. */
  import(state: MemoryState): void {
    this.#primaries = new Map([...this.#primaries, ...Object.entries(state.primaries)]);
    this.#baseline.import(state.usual);
  }

  /** Counts what an isolate tells. @returns the nodes whose pools lent nothing while callers wait */
  #count(process: ProcessReport, isolate: IsolateReport, now: number): readonly string[] {
    const name = `${process.id} ${isolate.name}`;
    const { expired, lost } = isolate.locks;
    this.#expired.see({ source: name, sum: "", total: expired + lost }, now);
    return isolate.pools.flatMap(({ name: node, waiting, totals }) => {
      const source = `${name} ${node}`;
      const { saturated, timedOut, lent } = totals;
      this.#refused.see({ source, sum: node, total: saturated + timedOut }, now);
      const grown = this.#lent.see({ source, sum: node, total: lent }, now);
      return waiting > 0 && grown === 0 ? [node] : [];
    });
  }

  #learnPrimaries(view: FleetView): ReadonlyMap<string, string> {
    const next = new Map<string, string>();
    for (const { name, primary } of view.shards) {
      const known = primary ?? this.#primaries.get(name);
      if (known !== undefined) next.set(name, known);
    }
    return this.#primaries = next;
  }

  #learn(view: FleetView, usualMs: ReadonlyMap<string, number>): void {
    for (const metrics of view.statements) {
      const ms = meanQueryMs(metrics);
      if (ms === undefined) continue;
      const cell = cellOf(metrics);
      const usual = usualMs.get(cell);
      const slow = usual !== undefined && ms > usual * SLOW_TIMES;
      this.#baseline.learn(cell, { ms, at: view.at, slow });
    }
  }
}

/** How long a query took lately on average, in milliseconds; `undefined` where there were too few. */
export function meanQueryMs({ recent }: StatementMetrics): number | undefined {
  return recent.queries < LEAST_QUERIES ? undefined : recent.queryMs / recent.queries;
}
