/** What a {@linkcode Growth} is made of. */
export interface GrowthOptions {
  /** How long what was added counts, in milliseconds. */
  readonly windowMs: number;
}

/** Sources that are remembered at most; those that were not seen for longest are forgotten. */
const MAX_SOURCES = 10_000;
/** How long a source that tells nothing is remembered: an isolate that is back goes on counting. */
const KEEP_MS = 600_000;

interface Source {
  total: number;
  seenAt: number;
}

/**
 * How much counters have grown lately, where each counts since its isolate started. The first value
 * of a source tells nothing, for nobody knows when it was counted; nor does one that is smaller than
 * before.
 *
 * @example
 * ```ts
 * import { Growth } from "./growth.ts";
 * import { assertEquals } from "@std/assert";
 *
 * const refused = new Growth({ windowMs: 10_000 });
 * refused.see({ source: "isolate-1 s1a", sum: "s1a", total: 40 }, 0);
 * refused.see({ source: "isolate-1 s1a", sum: "s1a", total: 43 }, 2_000);
 * assertEquals(refused.sums(5_000).get("s1a"), 3);
 * ```
 */
export class Growth {
  readonly #windowMs: number;
  readonly #sources = new Map<string, Source>();
  #added: { readonly at: number; readonly sum: string; readonly by: number }[] = [];

  constructor(options: GrowthOptions) {
    this.#windowMs = options.windowMs;
  }

  /**
   * Takes in what a source has counted.
   *
   * @param seen.sum what its growth is added to
   * @returns by how much it grew; `undefined` where that is not known
   */
  see(
    seen: { readonly source: string; readonly sum: string; readonly total: number },
    at: number,
  ): number | undefined {
    const { source, sum, total } = seen;
    const before = this.#sources.get(source);
    // Deleted first, so that the map is in the order in which sources were seen.
    this.#sources.delete(source);
    this.#sources.set(source, { total, seenAt: at });
    const by = before === undefined || total < before.total ? undefined : total - before.total;
    if (by !== undefined && by > 0) this.#added.push({ at, sum, by });
    return by;
  }

  /** What was added in the window that ends now; also forgets what is older. */
  sums(now: number): ReadonlyMap<string, number> {
    this.#added = this.#added.filter(({ at }) => now - at < this.#windowMs);
    for (const [source, { seenAt }] of this.#sources) {
      if (this.#sources.size <= MAX_SOURCES && now - seenAt < KEEP_MS) break;
      this.#sources.delete(source);
    }
    const sums = new Map<string, number>();
    for (const { sum, by } of this.#added) sums.set(sum, (sums.get(sum) ?? 0) + by);
    return sums;
  }
}
