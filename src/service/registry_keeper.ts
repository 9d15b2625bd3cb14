import type { Config } from "../config/schema.ts";
import { within } from "../core/within.ts";
import { describeShard } from "../query/describe_shard.ts";
import { QueryOptimizer, StatementFaultsError } from "../query/query_optimizer.ts";
import { describeChange } from "../query/plan_change.ts";
import type { StatementSource } from "../query/statement.ts";
import type { TopologySnapshot } from "../routing/topology.ts";
import type { World } from "./isolate.ts";
import type { PlanBoard } from "./plan_board.ts";
import { type Facts, laterFacts, PlanWatch } from "./plan_watch.ts";
import { type CheckResult, checkStatements } from "./statement_check.ts";
import { registryRules } from "./settings.ts";
import { readStatementFiles } from "./statement_files.ts";

/** What a keeper is made of. */
export interface RegistryKeeperOptions {
  readonly config: Config;
  readonly ca: string | undefined;
  readonly world: World;
  /** The main isolate's registry, which is checked for all. */
  readonly optimizer: () => QueryOptimizer;
  readonly topology: () => TopologySnapshot;
  /** Where processes of the fleet tell each other of plans. */
  readonly board: Pick<PlanBoard, "read" | "write">;
  /** Gives new files to every isolate. @throws {StatementFaultsError} and changes nothing */
  readonly onStatements: (sources: readonly StatementSource[]) => void;
  /** Gives what the servers said to every isolate. */
  readonly onFacts: (facts: Facts) => void;
}

/** How long new statements wait for a server that does not answer. */
const FORESEE_MS = 5_000;

/**
 * Keeps the registries of a process's isolates true: reads the files for all of them, asks the
 * servers once for all of them, and says each verdict in the log. No request waits for it; a start
 * does, and so do statements that are saved meanwhile.
 */
export class RegistryKeeper {
  readonly #options: RegistryKeeperOptions;
  readonly #plans: PlanWatch;
  /** Whether the last check left something open, to be asked again. */
  #open = false;
  #checking: Promise<void> = Promise.resolve();
  #reloading: Promise<void> = Promise.resolve();
  /** The files as they were read last, to tell which of them a reload changed. */
  #texts: ReadonlyMap<string, string> = new Map();
  /** The verdict that was told last, by statement. */
  #told: ReadonlyMap<string, string> = new Map();

  constructor(options: RegistryKeeperOptions) {
    this.#options = options;
    this.#plans = new PlanWatch(options);
  }

  /** Reads the files. @throws {Error} if their folder is missing */
  async read(): Promise<StatementSource[]> {
    const sources = await readStatementFiles(this.#options.config.statements);
    this.#texts = new Map(sources.map(({ file, text }) => [file, text]));
    return sources;
  }

  /**
   * Reads the files again and has them served, once the servers were asked about them: what they
   * refuse is not run, unless they take too long to say so. A fault changes nothing and is said in the
   * log. Never fails.
   */
  reload(): Promise<void> {
    return this.#reloading = this.#reloading.then(() => this.#reload());
  }

  async #reload(): Promise<void> {
    const { world: { log }, optimizer, onStatements, onFacts } = this.#options;
    const before = this.#texts;
    try {
      const sources = await this.read();
      const facts = await this.#foresee(sources);
      onStatements(sources);
      // Of those that are served already more is known than that, unless they are refused now.
      const news = Object.entries(facts).filter(([name, { unavailable }]) =>
        unavailable !== undefined || optimizer().get(name)?.facts === undefined
      );
      onFacts(Object.fromEntries(news));
      this.#tellAgain(sources.filter(({ file, text }) => before.get(file) !== text));
      void this.check();
    } catch (error) {
      if (!(error instanceof StatementFaultsError)) {
        return log.error("statements could not be read", { error });
      }
      for (const { file, line, message } of error.faults) {
        log.error("statement refused", { file, line, detail: message });
      }
    }
  }

  /** Asks the servers about every statement, one check after the other. Never fails. */
  check(): Promise<void> {
    return this.#queue(async () => {
      await this.#plans.recall();
      const checked = await this.#ask();
      if (checked === undefined) return;
      const refused = Object.values(checked.facts).some((facts) => facts.unavailable !== undefined);
      this.#open = refused || !checked.complete;
      this.#apply(this.#plans.judge(checked.facts));
    });
  }

  /** Asks again where the last check met a shard that was away, or a refusal. */
  recheck(): void {
    if (this.#open) void this.check();
  }

  /** Looks at every plan again, for all processes of the fleet: by the statistics of now. */
  checkPlans(): Promise<void> {
    return this.#queue(async () => {
      await this.#plans.recall();
      const checked = await this.#ask();
      if (checked === undefined) return;
      const judged = this.#plans.judge(checked.facts);
      this.#apply(this.#later(judged));
      await this.#plans.tell(judged);
    });
  }

  /** Looks again where plans are worse: whoever mends one should not wait for the next round. */
  async checkWorse(): Promise<void> {
    if (this.#plans.anyWorse) await this.checkPlans();
  }

  /** Takes over what the process that looks at the plans told since. */
  hearPlans(): Promise<void> {
    return this.#queue(async () => {
      const heard = await this.#plans.hear();
      if (heard !== undefined) this.#apply(this.#later(heard));
    });
  }

  /** One after the other; what fails is said in the log. */
  #queue(work: () => Promise<void>): Promise<void> {
    return this.#checking = this.#checking.then(work).catch((error: unknown) => {
      this.#options.world.log.warn("statements could not be checked", { error });
    });
  }

  /**
   * What the servers say of statements that are not served yet.
   *
   * @throws {StatementFaultsError}
   */
  async #foresee(sources: readonly StatementSource[]): Promise<Facts> {
    const { config, world: { clock }, topology } = this.#options;
    const next = new QueryOptimizer({ ...registryRules(config), clock });
    next.load(sources);
    const check = checkStatements({
      ...this.#options,
      statements: next.list(),
      topology: topology(),
    });
    return (await within(check, { clock, ms: FORESEE_MS }))?.facts ?? {};
  }

  async #ask(): Promise<CheckResult | undefined> {
    const { optimizer, topology } = this.#options;
    const statements = optimizer().list();
    const { version } = optimizer();
    const checked = await checkStatements({ ...this.#options, statements, topology: topology() });
    // Reloaded meanwhile: these facts are of other statements, and a newer check is on its way.
    return optimizer().version === version ? checked : undefined;
  }

  #apply(facts: Facts): void {
    this.#options.onFacts(facts);
    this.#say();
  }

  #later(facts: Facts): Facts {
    const { optimizer } = this.#options;
    return Object.fromEntries(
      Object.entries(facts).map(([name, found]) => [
        name,
        laterFacts(optimizer().get(name)?.facts, found),
      ]),
    );
  }

  /** Has the next check say its verdict on every statement of these files, or of all for none. */
  #tellAgain(changed: readonly StatementSource[]): void {
    const files = new Set(changed.map(({ file }) => file));
    const told = new Map(this.#told);
    for (const { statement } of this.#options.optimizer().list()) {
      if (files.size === 0 || files.has(statement.file)) told.delete(statement.name);
    }
    this.#told = told;
  }

  /** A line for each statement whose verdict is not the one that was told last. */
  #say(): void {
    const { world: { log }, optimizer } = this.#options;
    const told = new Map<string, string>();
    for (const { statement, facts, unavailable } of optimizer().list()) {
      const { name, file, line } = statement;
      const shard = describeShard(statement.shard);
      const { plans = [], planChanges = [], tookMs = 0 } = facts ?? {};
      const plan = plans[0]?.summary;
      // What became worse is said when it does, and not again with each new count of rows.
      const changes = planChanges.map(describeChange);
      const warnings = facts?.warnings.filter((warning) => !changes.includes(warning)) ?? [];
      const verdict = JSON.stringify([shard, plan, warnings, unavailable, statement.sql]);
      told.set(name, verdict);
      if (this.#told.get(name) === verdict) continue;
      if (unavailable !== undefined) {
        log.warn("statement unavailable", { name, file, line, detail: unavailable });
      } else {
        log.info("statement checked", {
          name,
          file,
          line,
          shard,
          plan,
          tookMs: Math.round(tookMs),
        });
      }
      for (const detail of warnings) log.warn("statement warning", { name, file, line, detail });
    }
    this.#told = told;
  }
}
