import type { SlowSample } from "./statement_metrics.ts";

/** Samples that are kept of one statement, and of how many statements. */
const PER_STATEMENT = 8;
const STATEMENTS = 100;

/** The newest calls that took long, a few of each statement, so that one cannot crowd out the rest. */
export class SlowSamples {
  /** From where on a call is kept, in milliseconds. */
  readonly fromMs: number;
  /** The statement that was slow last stands last. */
  readonly #samples = new Map<string, SlowSample[]>();

  constructor(fromMs: number) {
    this.fromMs = fromMs;
  }

  /** Keeps one; the oldest of its statement, or the statement not seen for longest, makes room. */
  add(sample: SlowSample): void {
    const kept = this.#samples.get(sample.statement) ?? [];
    this.#samples.delete(sample.statement);
    this.#samples.set(sample.statement, [sample, ...kept].slice(0, PER_STATEMENT));
    for (const statement of this.#samples.keys()) {
      if (this.#samples.size <= STATEMENTS) break;
      this.#samples.delete(statement);
    }
  }

  /** All of them, the newest first. */
  list(): readonly SlowSample[] {
    return [...this.#samples.values()].flat().sort((a, b) => b.at - a.at);
  }
}
