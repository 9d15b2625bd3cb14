/** Commits of one lane under way at once at most: as many as a pool has connections by default. */
const WIDEST = 8;
/** How much one measurement counts. */
const WEIGHT = 1 / 16;
/** How many times its running a commit has to wait, for each that may be beside it. */
const SPARE = 2;
/** After how many times its usual time a commit counts as held up, and after how long at least. */
const HELD_UP = 4;
const LEAST_HELD_UP_MS = 20;
/** Measurements after which the shortest way there is looked for anew. */
const WINDOW = 512;
/** Commits that may pass without a measurement. */
const UNMEASURED = 16;

/** How long the parts of a commit of several writes took, in milliseconds. */
export interface CommitTimes {
  /** From when they were sent until the last was answered. */
  readonly executedMs: number;
  /** From then on until they were committed. */
  readonly committedMs: number;
}

/**
 * How many commits of one lane are under way at once, as many as keep its node at work: one runs its
 * statements while the others are on their way or wait for a disk or a replica. A node that is short
 * of CPU takes as long to run them as to commit them; there one at a time is best, of as many writes
 * as have come meanwhile.
 */
export class CommitWindow {
  #executedMs = 0;
  #committedMs = 0;
  /** The shortest execution seen lately, which is about the way there and back. */
  #shortestMs = Infinity;
  #nextShortestMs = Infinity;
  #seen = 0;
  #unmeasured = 0;

  /** How many commits may be under way. */
  get width(): number {
    if (this.#seen === 0) return 1;
    const runs = Math.max(this.#executedMs - this.#shortestMs, 0);
    const waits = this.#committedMs + this.#shortestMs;
    return waits >= SPARE * WIDEST * runs ? WIDEST : Math.max(1, Math.floor(waits / runs / SPARE));
  }

  /** After how long something under way is taken to be held up by what others hold, in milliseconds. */
  get heldUpMs(): number {
    return Math.max(LEAST_HELD_UP_MS, HELD_UP * (this.#executedMs + this.#committedMs));
  }

  /** Counts a commit of a single write. @returns whether it is to be measured, since those of many are rare */
  countSingle(): boolean {
    return ++this.#unmeasured >= UNMEASURED;
  }

  /** Takes in how long a commit took. */
  measured({ executedMs, committedMs }: CommitTimes): void {
    this.#unmeasured = 0;
    const weight = Math.max(WEIGHT, 1 / (this.#seen + 1));
    this.#executedMs += weight * (executedMs - this.#executedMs);
    this.#committedMs += weight * (committedMs - this.#committedMs);
    this.#nextShortestMs = Math.min(this.#nextShortestMs, executedMs);
    this.#shortestMs = Math.min(this.#shortestMs, executedMs);
    if (++this.#seen % WINDOW > 0) return;
    this.#shortestMs = this.#nextShortestMs;
    this.#nextShortestMs = Infinity;
  }
}
