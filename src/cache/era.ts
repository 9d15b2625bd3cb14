/**
 * A time through which what was loaded can be relied on, as far as the fleet's log tells. It ends for
 * all entries at once, at no cost per entry, when the log may have been missed or the shard has
 * another primary.
 */
export class Era {
  #over = false;

  /** Whether it has ended. */
  get over(): boolean {
    return this.#over;
  }

  /** Ends it, for good. */
  end(): void {
    this.#over = true;
  }
}

/** The present era of each shard. */
export class Eras {
  readonly #present = new Map<string, Era>();

  /** A shard's present era. */
  of(shard: string): Era {
    let era = this.#present.get(shard);
    if (era === undefined) this.#present.set(shard, era = new Era());
    return era;
  }

  /** Ends a shard's era; another one begins. */
  end(shard: string): void {
    this.#present.get(shard)?.end();
    this.#present.delete(shard);
  }

  /** Ends them all. */
  endAll(): void {
    for (const era of this.#present.values()) era.end();
    this.#present.clear();
  }
}
