import type { Intent } from "./cache_event.ts";

/** The writes that are under way somewhere in the fleet, and the tags that are in doubt for them. */
export class Doubts {
  readonly #open = new Map<string, Intent>();
  readonly #tags = new Map<string, number>();

  /** The writes that are under way. */
  get intents(): Iterable<Intent> {
    return this.#open.values();
  }

  /** How many there are. */
  get size(): number {
    return this.#open.size;
  }

  /** A write begins; one that is known already changes nothing. */
  open(intent: Intent): void {
    if (this.#open.has(intent.id)) return;
    this.#open.set(intent.id, intent);
    for (const tag of intent.tags) this.#tags.set(tag, (this.#tags.get(tag) ?? 0) + 1);
  }

  /** A write is over, however it ended. */
  close(id: string): void {
    const intent = this.#open.get(id);
    if (intent === undefined) return;
    this.#open.delete(id);
    for (const tag of intent.tags) {
      const left = (this.#tags.get(tag) ?? 1) - 1;
      if (left > 0) this.#tags.set(tag, left);
      else this.#tags.delete(tag);
    }
  }

  /** Whether a write is known of. */
  has(id: string): boolean {
    return this.#open.has(id);
  }

  /** Whether any of the tags is in doubt. */
  concern(tags: readonly string[]): boolean {
    if (this.#tags.size === 0) return false;
    for (const tag of tags) if (this.#tags.has(tag)) return true;
    return false;
  }
}
