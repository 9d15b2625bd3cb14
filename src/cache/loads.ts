import type { Cache } from "./cache.ts";
import type { SharedLoad } from "./shared_load.ts";
import { TagIndex } from "./tag_index.ts";

/** The loads that are under way, by key and by tag. */
export class Loads {
  readonly #byKey = new Map<Cache, Map<string, SharedLoad>>();
  readonly #byTag = new TagIndex<SharedLoad>();

  /** How many keys are being loaded. */
  get size(): number {
    return this.#byKey.values().reduce((size, keys) => size + keys.size, 0);
  }

  /** The load of a key that another caller may join. */
  find(cache: Cache, key: string, owner: unknown): SharedLoad | undefined {
    const load = this.#byKey.get(cache)?.get(key);
    return load !== undefined && load.current && load.owner === owner ? load : undefined;
  }

  /**
   * A load begins. One of the same key is overtaken by it: nobody may join that any longer, unless
   * it is another owner's, and it could not be found here again.
   */
  add(cache: Cache, load: SharedLoad): void {
    let keys = this.#byKey.get(cache);
    if (keys === undefined) this.#byKey.set(cache, keys = new Map());
    keys.get(load.key)?.overtake();
    keys.set(load.key, load);
    this.#byTag.add(load, load.tags);
  }

  /** A load has ended. */
  remove(cache: Cache, load: SharedLoad): void {
    const keys = this.#byKey.get(cache);
    if (keys?.get(load.key) === load) keys.delete(load.key);
    this.#byTag.remove(load, load.tags);
  }

  /** Overtakes the loads that have a tag. */
  overtakeTag(tag: string): void {
    for (const load of this.#byTag.of(tag)) load.overtake();
  }

  /** Overtakes the load of a key. */
  overtakeKey(cache: Cache, key: string): void {
    this.#byKey.get(cache)?.get(key)?.overtake();
  }

  /** Overtakes every load, or every one of a cache. */
  overtakeAll(cache?: Cache): void {
    const caches = cache === undefined ? this.#byKey.values() : [this.#byKey.get(cache)];
    for (const keys of caches) for (const load of keys?.values() ?? []) load.overtake();
  }
}
