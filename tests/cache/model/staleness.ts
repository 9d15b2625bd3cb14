import type { Commit, ModelDatabase } from "./model_database.ts";
import type { Simulation } from "./simulation.ts";

/** How old an answer may be, from the start of its read, in milliseconds. */
export interface StalenessBounds {
  /** After the commit of a write whose intent was recorded: the read lease. */
  readonly recordedMs: number;
  /** After the commit of a write that left an outbox row. */
  readonly outboxMs: number;
  /** After the acknowledgement of any write, where nothing goes wrong. */
  readonly healthyMs: number;
}

/** What a read has to see of one key. */
export interface Expected {
  readonly key: string;
  readonly version: number;
  readonly because: string;
}

interface Acknowledgement {
  readonly isolate: object;
  readonly at: number;
}

/** Knows what was written and acknowledged when, and judges each answer by it. */
export class Staleness {
  /** The answers that were older than they may be. */
  readonly violations: string[] = [];
  readonly #sim: Simulation;
  readonly #database: ModelDatabase;
  readonly #bounds: StalenessBounds;
  readonly #acknowledged = new Map<number, Acknowledgement>();

  constructor(parts: {
    readonly sim: Simulation;
    readonly database: ModelDatabase;
    readonly bounds: StalenessBounds;
  }) {
    this.#sim = parts.sim;
    this.#database = parts.database;
    this.#bounds = parts.bounds;
  }

  /** An isolate tells a client that its write is applied. */
  acknowledge(isolate: object, number: number): void {
    this.#acknowledged.set(number, { isolate, at: this.#sim.now });
  }

  /** What a read that starts now at an isolate has to see. */
  expect(isolate: object, keys: readonly string[]): readonly Expected[] {
    return keys.map((key) => {
      const commit = this.#database.commits.findLast((commit) =>
        commit.key === key && this.#reason(isolate, commit) !== undefined
      );
      const because = commit && this.#reason(isolate, commit);
      return { key, version: commit?.number ?? 0, because: because ?? "nothing" };
    });
  }

  /** Judges an answer by what was expected when its read started. */
  judge(expected: readonly Expected[], versions: readonly number[], source: string): void {
    expected.forEach(({ key, version, because }, at) => {
      const found = versions[at] ?? 0;
      if (found >= version) return;
      this.violations.push(
        `${key} from ${source} at ${this.#sim.now} is ${found}, not ${version}: ${because}`,
      );
    });
  }

  #reason(isolate: object, commit: Commit): string | undefined {
    const { now } = this.#sim;
    const { recordedMs, outboxMs, healthyMs } = this.#bounds;
    const { at, outbox, number, publishedAt } = commit;
    const acknowledged = this.#acknowledged.get(number);
    if (acknowledged?.isolate === isolate) return "this isolate acknowledged it";
    if (acknowledged !== undefined && acknowledged.at + healthyMs < now) return "nothing is wrong";
    if (!outbox) return at + recordedMs < now ? `it was committed at ${at}` : undefined;
    return Math.max(at + outboxMs, publishedAt + recordedMs) < now
      ? `it was committed at ${at} and published at ${publishedAt}`
      : undefined;
  }
}
