/** What is known of one statement on one shard. */
export interface UsualTime {
  readonly cell: string;
  /** In milliseconds. */
  readonly mean: number;
  /** How long it was looked at, in milliseconds, up to {@linkcode MEMORY_MS}. */
  readonly learntMs: number;
  /** When that was last, in Unix milliseconds. */
  readonly at: number;
}

/** Statements on shards that are remembered at most; those not called for longest are forgotten. */
const MAX_CELLS = 2_000;
/** How long it takes until what is new counts for two thirds. */
const MEMORY_MS = 600_000;
/** How long must be looked at before anything is usual. */
const LEAST_MS = 30_000;
/** The longest time between two looks that counts as looking. */
const STEP_MS = 5_000;
/** How much slower is learnt what is far from usual: a slowness that lasts a day is usual. */
const SLOW_SHARE = 0.002;

/**
 * How long the queries of each statement usually take on each shard: a mean that forgets
 * exponentially, learnt from what the statement itself did. In the first ten minutes all that was
 * seen counts alike.
 *
 * @example
 * ```ts
 * import { QueryBaseline } from "./query_baseline.ts";
 * import { assertEquals } from "@std/assert";
 *
 * const baseline = new QueryBaseline();
 * for (let at = 0; at <= 40_000; at += 2_000) baseline.learn("player.get s1", { ms: 0.5, at });
 * assertEquals(baseline.usual().get("player.get s1"), 0.5);
 * ```
 */
export class QueryBaseline {
  readonly #cells = new Map<string, UsualTime>();

  /**
   * Takes in how long queries took lately.
   *
   * @param seen.slow whether that is so far from usual that it must not soon become usual
   */
  learn(
    cell: string,
    seen: { readonly ms: number; readonly at: number; readonly slow?: boolean },
  ): void {
    const { ms, at, slow = false } = seen;
    const before = this.#cells.get(cell);
    const next = before === undefined
      ? { cell, mean: ms, learntMs: 0, at }
      : learnt(before, { ms, at, share: slow ? SLOW_SHARE : 1 });
    // Deleted first, so that the map is in the order in which cells were learnt.
    this.#cells.delete(cell);
    this.#cells.set(cell, next);
    for (const [oldest] of this.#cells) {
      if (this.#cells.size <= MAX_CELLS) break;
      this.#cells.delete(oldest);
    }
  }

  /** What is usual, in milliseconds, of all cells that were looked at for long enough. */
  usual(): ReadonlyMap<string, number> {
    return new Map(
      [...this.#cells.values()].flatMap(({ cell, mean, learntMs }) =>
        learntMs < LEAST_MS ? [] : [[cell, mean]]
      ),
    );
  }

  /** All that is known, for another process. */
  export(): readonly UsualTime[] {
    return [...this.#cells.values()];
  }

  /** Takes over what another process has learnt, of what it knows better. */
  import(cells: readonly UsualTime[]): void {
    for (const theirs of cells.slice(-MAX_CELLS)) {
      const own = this.#cells.get(theirs.cell);
      if (own === undefined || own.learntMs < theirs.learntMs) this.#cells.set(theirs.cell, theirs);
    }
  }
}

function learnt(
  before: UsualTime,
  seen: { readonly ms: number; readonly at: number; readonly share: number },
): UsualTime {
  const { cell, mean } = before;
  const stepMs = Math.min(Math.max(seen.at - before.at, 0), STEP_MS);
  const learntMs = Math.min(before.learntMs + stepMs, MEMORY_MS);
  const weight = learntMs === 0 ? 0 : seen.share * stepMs / learntMs;
  return { cell, mean: mean + weight * (seen.ms - mean), learntMs, at: seen.at };
}
