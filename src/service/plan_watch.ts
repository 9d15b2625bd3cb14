import { describeChange, type PlanChange } from "../query/plan_change.ts";
import { PlanHistory, sqlId } from "../query/plan_history.ts";
import type { QueryOptimizer } from "../query/query_optimizer.ts";
import type { Statement, StatementFacts } from "../query/statement.ts";
import type { World } from "./isolate.ts";
import type { PlanBoard, ToldPlans } from "./plan_board.ts";

/** By statement. */
export type Facts = Readonly<Record<string, StatementFacts>>;

/** What a watch is made of. */
export interface PlanWatchOptions {
  readonly world: Pick<World, "clock" | "log">;
  readonly board: Pick<PlanBoard, "read" | "write">;
  /** The main isolate's registry. */
  readonly optimizer: () => QueryOptimizer;
}

/**
 * Watches how the plans of a process's statements change. One that became worse is a warning of its
 * statement and a value in its facts, and is said in the log once, as is its return. Processes of a
 * fleet share what they remember, so a restart forgets nothing.
 */
export class PlanWatch {
  readonly #options: PlanWatchOptions;
  readonly #history = new PlanHistory();
  /** What was said in the log to be worse, by statement and shard. */
  #told: ReadonlyMap<string, Worse> = new Map();

  constructor(options: PlanWatchOptions) {
    this.#options = options;
  }

  /** Whether a plan is worse than it was. */
  get anyWorse(): boolean {
    return this.#worse().next().done !== true;
  }

  /** Remembers what the fleet does, as far as that is new. */
  async recall(): Promise<void> {
    await this.#read();
  }

  /**
   * Takes over what the process on duty told since the last time.
   *
   * @returns the facts that it found, or `undefined` where it told nothing new
   */
  async hear(): Promise<Facts | undefined> {
    const told = await this.#read();
    // That one said it in its log.
    if (told !== undefined) this.#told = new Map(this.#worse());
    return told;
  }

  /** Judges the plans that a check found: the facts with what became worse, said in the log. */
  judge(found: Facts): Facts {
    const plansOf = (name: string) => found[name]?.plans ?? [];
    const at = this.#options.world.clock.wallMs();
    this.#history.learn(this.#statements(), { plansOf, at });
    const { known } = this.#history;
    this.#say();
    return Object.fromEntries(
      Object.entries(found).map(([name, facts]) => [name, withChanges(facts, known[name]?.worse)]),
    );
  }

  /** Tells the other processes of the fleet what was judged. */
  async tell(judged: Facts): Promise<void> {
    const { known } = this.#history;
    const told: Record<string, ToldPlans> = {};
    for (const [name, facts] of Object.entries(judged)) {
      const own = known[name];
      if (own !== undefined) told[name] = { facts, known: own };
    }
    await this.#options.board.write(told);
  }

  async #read(): Promise<Facts | undefined> {
    const told = await this.#options.board.read();
    if (told === undefined) return undefined;
    const statements = this.#statements();
    const known = Object.fromEntries(
      Object.entries(told).map(([name, { known }]) => [name, known]),
    );
    this.#history.restore(known, statements);
    const facts: Record<string, StatementFacts> = {};
    for (const { name, sql } of statements) {
      const theirs = Object.hasOwn(told, name) ? told[name] : undefined;
      if (theirs?.known.sql === sqlId(sql)) facts[name] = theirs.facts;
    }
    return facts;
  }

  #statements(): readonly Statement[] {
    return this.#options.optimizer().list().map(({ statement }) => statement);
  }

  /** What is worse now, by statement and shard. */
  *#worse(): Generator<readonly [string, Worse]> {
    const { known } = this.#history;
    for (const statement of this.#statements()) {
      for (const change of known[statement.name]?.worse ?? []) {
        yield [`${statement.name} ${change.shard}`, { statement, change }];
      }
    }
  }

  #say(): void {
    const { log } = this.#options.world;
    const worse = new Map(this.#worse());
    for (const [key, { statement: { name, file, line }, change }] of worse) {
      if (this.#told.has(key)) continue;
      const { shard, from, to } = change;
      const detail = describeChange(change);
      log.warn("statement plan became worse", { name, file, line, shard, detail, from, to });
    }
    for (const [key, { statement: { name }, change: { shard } }] of this.#told) {
      if (!worse.has(key)) log.info("statement plan is no longer worse", { name, shard });
    }
    this.#told = worse;
  }
}

interface Worse {
  readonly statement: Statement;
  readonly change: PlanChange;
}

/**
 * What a later check of a statement that is served adds to its facts: its plans and warnings. A
 * refusal then does not take it out of service, for it may be passing, such as a lock on its table;
 * one that is unavailable, or of which nothing was known, takes over all.
 */
export function laterFacts(own: StatementFacts | undefined, found: StatementFacts): StatementFacts {
  if (own === undefined || own.unavailable !== undefined) return found;
  if (found.unavailable !== undefined) return own;
  const { warnings, plans = [], planChanges = [] } = found;
  return { ...own, warnings, plans, planChanges };
}

function withChanges(facts: StatementFacts, changes: readonly PlanChange[] = []): StatementFacts {
  if (changes.length === 0) return facts;
  return {
    ...facts,
    warnings: [...facts.warnings, ...changes.map(describeChange)],
    planChanges: changes,
  };
}
