/** Drops that are remembered while somebody reads; past it, reads that began before are overtaken. */
const MAX_DROPS = 10_000;

/**
 * Which tags were dropped while something was being read whose tags are not known before. Nothing
 * is remembered while nobody reads.
 *
 * @example
 * ```ts
 * import { RecentDrops } from "./recent_drops.ts";
 * import { assertEquals } from "@std/assert";
 *
 * const drops = new RecentDrops();
 * const since = drops.begin();
 * drops.note(["player:42"]);
 * assertEquals([drops.overtook(since, ["player:42"]), drops.overtook(since, ["player:7"])], [
 *   true,
 *   false,
 * ]);
 * drops.end();
 * ```
 */
export class RecentDrops {
  readonly #last = new Map<string, number>();
  #count = 0;
  #forgotten = 0;
  #reads = 0;

  /** A read begins; {@linkcode end} must follow. @returns what to ask {@linkcode overtook} with */
  begin(): number {
    this.#reads++;
    return this.#count;
  }

  /** A read is over. */
  end(): void {
    if (--this.#reads === 0) this.#last.clear();
  }

  /** Tags are dropped. */
  note(tags: readonly string[]): void {
    if (this.#reads === 0) return;
    for (const tag of tags) this.#last.set(tag, ++this.#count);
    if (this.#last.size <= MAX_DROPS) return;
    this.#last.clear();
    this.#forgotten = this.#count;
  }

  /** Whether any of the tags was dropped since a read began. */
  overtook(since: number, tags: readonly string[]): boolean {
    return since < this.#forgotten || tags.some((tag) => (this.#last.get(tag) ?? 0) > since);
  }
}
