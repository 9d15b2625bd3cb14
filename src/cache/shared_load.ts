import type { Scope, ScopeEnd } from "../core/scope.ts";
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

/**
 * One query for everybody who asks for the same key meanwhile. A caller that leaves takes only its
 * own wait with it; the last one to leave stops the query.
 */
export class SharedLoad {
  readonly key: string;
  readonly owner: unknown;
  readonly tags: readonly string[];
  readonly era: Era;
  readonly #scope: Scope;
  #overtaken = false;
  #waiting = 0;
  #kept = false;
  #answer: Promise<Loaded> | undefined;

  constructor(options: SharedLoadOptions) {
    this.key = options.key;
    this.owner = options.owner;
    this.tags = options.tags;
    this.era = options.era;
    this.#scope = options.scope;
  }

  /**
   * Whether what it loads is as new as anything that is known of: it may be stored and joined. One
   * that is being stopped has no answer for anybody.
   */
  get current(): boolean {
    return !this.#overtaken && !this.era.over && this.#scope.ended === undefined;
  }

  /** Something that it loads was written after it had begun. */
  overtake(): void {
    this.#overtaken = true;
  }

  /** Begins. `run` must settle once the scope ends. */
  start(run: (scope: Scope) => Promise<Loaded>): void {
    this.#answer = run(this.#scope).finally(() => this.#scope.close());
    // Whoever waits is told; that nobody waits is no failure.
    this.#answer.catch(() => {});
  }

  /** Keeps it going though nobody waits. */
  keep(): void {
    this.#kept = true;
  }

  /**
   * Waits for it as long as the caller's scope lasts.
   *
   * @param ended the error of a caller whose scope ended
   * @throws whatever the query failed with, and `ended`'s error
   */
  wait(scope: Scope, ended: (end: ScopeEnd) => Error): Promise<Loaded> {
    this.#waiting++;
    return new Promise((resolve, reject) => {
      const leave = (end: ScopeEnd) => {
        reject(ended(end));
        if (--this.#waiting === 0 && !this.#kept) this.#scope.end("client_closed");
      };
      const settle = () => {
        scope.offEnd(leave);
        this.#waiting--;
      };
      if (scope.ended !== undefined) return leave(scope.ended);
      scope.onEnd(leave);
      this.#answer?.then((answer) => {
        settle();
        resolve(answer);
      }, (error: unknown) => {
        settle();
        reject(error);
      });
    });
  }
}
