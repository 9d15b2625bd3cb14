import type { Scope } from "../core/scope.ts";
import { SharedWork } from "../core/shared_work.ts";
import type { CacheEntry } from "./cache_entry.ts";
import type { Era } from "./era.ts";

/** What a {@linkcode SharedLoad} is made of. */
export interface SharedLoadOptions {
  readonly key: string;
  /** What loads it, as of {@linkcode CacheEntry}. */
  readonly owner: unknown;
  readonly tags: readonly string[];
  readonly era: Era;
  /** The load's own; it ends when nobody waits any longer. */
  readonly scope: Scope;
}

/** An answer that was loaded, as all that waited for it get it. */
export type Loaded = Pick<CacheEntry, "body" | "etag" | "shard"> & {
  readonly source: "primary" | "replica";
};

/** One query for everybody who asks for the same key meanwhile. */
export class SharedLoad extends SharedWork<Loaded> {
  readonly key: string;
  readonly owner: unknown;
  readonly tags: readonly string[];
  readonly era: Era;
  #overtaken = false;

  constructor(options: SharedLoadOptions) {
    super(options.scope);
    this.key = options.key;
    this.owner = options.owner;
    this.tags = options.tags;
    this.era = options.era;
  }

  /**
   * Whether what it loads is as new as anything that is known of: it may be stored and joined. One
   * that is being stopped has no answer for anybody.
   */
  get current(): boolean {
    return !this.#overtaken && !this.era.over && !this.stopped;
  }

  /** Something that it loads was written after it had begun. */
  overtake(): void {
    this.#overtaken = true;
  }
}
