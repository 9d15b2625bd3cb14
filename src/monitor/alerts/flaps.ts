/** Raised so often in so long a time, it flaps. */
const MANY = 3;
const WINDOW_MS = 600_000;
/** Conditions that are remembered at most; those raised first are forgotten first. */
const MAX_REMEMBERED = 500;

/**
 * Remembers how often each condition was raised in the last ten minutes, to tell those that come and
 * go.
 */
export class Flaps {
  #raises = new Map<string, readonly number[]>();

  /**
   * Notes that it is raised now.
   *
   * @param now Unix milliseconds
   * @returns whether it flaps: this is the third time in ten minutes
   */
  raised(id: string, now: number): boolean {
    const raises = [...this.#raises.get(id) ?? [], now].filter((at) => now - at < WINDOW_MS);
    // Deleted first, so that the map is in the order of the last time.
    this.#raises.delete(id);
    this.#raises.set(id, raises.slice(-MANY));
    for (const [oldest, times] of this.#raises) {
      const over = times.every((at) => now - at >= WINDOW_MS);
      if (!over && this.#raises.size <= MAX_REMEMBERED) break;
      this.#raises.delete(oldest);
    }
    return raises.length >= MANY;
  }

  /** When each was raised, in Unix milliseconds. */
  export(): Readonly<Record<string, readonly number[]>> {
    return Object.fromEntries(this.#raises);
  }

  /** Takes over what another process remembers, in place of its own. */
  import(raises: Readonly<Record<string, readonly number[]>>): void {
    this.#raises = new Map(Object.entries(raises).slice(-MAX_REMEMBERED));
  }
}
