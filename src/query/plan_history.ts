import { murmur3 } from "../routing/murmur3.ts";
import type { ShardPlan } from "./explained_plan.ts";
import { type PlanChange, worsening } from "./plan_change.ts";
import { findsNoRow } from "./plan_node.ts";
import type { Statement } from "./statement.ts";

/** What is remembered of one statement. */
export interface KnownPlans {
  /** Which SQL it is of: another text starts anew. */
  readonly sql: string;
  /** Each shard's last plan that was not worse than the one before. */
  readonly good: readonly ShardPlan[];
  /** Where the plan is worse than that now. */
  readonly worse: readonly PlanChange[];
}

/** The part of a statement that matters here. */
export type RememberedStatement = Pick<Statement, "name" | "sql" | "allowFullScan">;

/** How long a worse plan is told of: after a week it is how things are. */
const TOLD_MS = 7 * 86_400_000;

/**
 * Remembers for each statement and shard the last plan that was not worse than the one before it,
 * so that a change for the worse is told for as long as it lasts, and a week at most. Bounded by
 * the registry: what is no longer in it is forgotten.
 *
 * Of plans of one shape the first is kept: rows that grow slowly are compared with where they began.
 */
export class PlanHistory {
  #known: ReadonlyMap<string, KnownPlans> = new Map();

  /** What is known, by statement. */
  get known(): Readonly<Record<string, KnownPlans>> {
    return Object.fromEntries(this.#known);
  }

  /** Takes over what another process remembers of these statements. */
  restore(
    known: Readonly<Record<string, KnownPlans>>,
    statements: readonly RememberedStatement[],
  ): void {
    const next = new Map(this.#known);
    for (const { name, sql } of statements) {
      const theirs = Object.hasOwn(known, name) ? known[name] : undefined;
      if (theirs?.sql === sqlId(sql)) next.set(name, theirs);
    }
    this.#known = next;
  }

  /**
   * Takes in the plans that were found for all statements there are. What is said of a shard that
   * told no plan stays as it was, for its week.
   *
   * @param options.at Unix milliseconds
   */
  learn(
    statements: readonly RememberedStatement[],
    options: {
      readonly plansOf: (name: string) => readonly ShardPlan[];
      readonly at: number;
    },
  ): void {
    const next = new Map<string, KnownPlans>();
    for (const { name, sql, allowFullScan } of statements) {
      const before = this.#known.get(name);
      const same = before?.sql === sqlId(sql) ? before : undefined;
      const good = new Map(same?.good.map((plan) => [plan.shard, plan]));
      const worse = new Map(same?.worse.map((change) => [change.shard, change]));
      for (const plan of options.plansOf(name)) {
        if (findsNoRow(plan.tree)) continue;
        const { shard } = plan;
        const known = good.get(shard);
        const since = worse.get(shard)?.since ?? options.at;
        const change = allowFullScan || options.at - since > TOLD_MS || known === undefined
          ? undefined
          : worsening({ before: known, after: plan, since });
        if (change === undefined) worse.delete(shard);
        else worse.set(shard, change);
        if (change === undefined && known?.fingerprint !== plan.fingerprint) good.set(shard, plan);
      }
      // A shard that is gone, or has no row left to plan for, is not told of for longer either.
      for (const [shard, { since }] of worse) {
        if (options.at - since <= TOLD_MS) continue;
        worse.delete(shard);
        good.delete(shard);
      }
      next.set(name, { sql: sqlId(sql), good: [...good.values()], worse: [...worse.values()] });
    }
    this.#known = next;
  }
}

/** A short name of a statement's text, for those who must not see it. */
export function sqlId(sql: string): string {
  return murmur3(sql).toString(16).padStart(8, "0");
}
