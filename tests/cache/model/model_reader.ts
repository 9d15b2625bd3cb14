import type { Cache, CacheConfig } from "../../../src/cache/cache.ts";
import { CacheEntry } from "../../../src/cache/cache_entry.ts";
import type { CacheManager } from "../../../src/cache/cache_manager.ts";
import { keyTag, wholeTag } from "../../../src/cache/names.ts";
import { type Loaded, SharedLoad } from "../../../src/cache/shared_load.ts";
import { type Scope, type ScopeEnd, ScopeWatch } from "../../../src/core/scope.ts";
import type { ModelDatabase } from "./model_database.ts";
import type { ModelFloors } from "./model_floors.ts";
import type { ModelProcess } from "./model_process.ts";
import type { Staleness } from "./staleness.ts";

/** What a reader leaves out of the rules, to see that they are needed. */
export interface ReaderFaults {
  /** Loads that a write overtook are stored. */
  readonly storesOvertaken: boolean;
  /** Loads are stored and joined though a write of their tags is under way. */
  readonly ignoresDoubt: boolean;
  /** Any replica does. */
  readonly ignoresFloors: boolean;
  /** Entries answer without the read lease, and after it was lost. */
  readonly ignoresLease: boolean;
  /** Entries answer though all began anew. */
  readonly ignoresEra: boolean;
}

/** What a {@linkcode ModelReader} is made of. */
export interface ModelReaderOptions {
  readonly process: ModelProcess;
  readonly caches: CacheManager;
  readonly floors: ModelFloors;
  readonly database: ModelDatabase;
  readonly staleness: Staleness;
  readonly faults: ReaderFaults;
  /** Whose reads these are: an isolate's. */
  readonly isolate: object;
}

/** The cache that all reads go through. */
export const READ_CACHE: CacheConfig = {
  name: "players",
  maxEntries: 100,
  maxBytes: 100_000,
  ttlMs: 3_600_000,
  negativeTtlMs: 3_600_000,
  swrMs: 3_600_000,
  lenientMs: 0,
  writable: false,
};

/** What the entries belong to. */
const OWNER = {};

/** A wait or a query ended before its answer. */
class Gone extends Error {
  constructor(readonly end: ScopeEnd) {
    super(end);
  }
}

/** Reads through the caches of one isolate, as their rules want it, and has each answer judged. */
export class ModelReader {
  hits = 0;
  misses = 0;
  /** Answers of replicas. */
  fromReplica = 0;
  readonly #options: ModelReaderOptions;
  readonly #watch: ScopeWatch;

  constructor(options: ModelReaderOptions) {
    this.#options = options;
    this.#watch = new ScopeWatch({ clock: options.process, tickMs: 1_000 });
  }

  /**
   * Reads keys.
   *
   * @param options.takesMs how long the query takes, where one is made
   * @param options.staysMs when its client leaves
   */
  read(
    keys: readonly string[],
    options: { readonly takesMs: number; readonly staysMs?: number | undefined },
  ): void {
    const { process, staleness, isolate } = this.#options;
    if (!process.alive) return;
    const scope = this.#watch.open({ timeoutMs: 5_000 });
    if (options.staysMs !== undefined) {
      process.after(options.staysMs, () => scope.end("client_closed"));
    }
    const expected = staleness.expect(isolate, keys);
    this.#answer(keys, { scope, takesMs: options.takesMs })
      .then(({ body, source }) => staleness.judge(expected, JSON.parse(body), source))
      .catch((error) => {
        // Everybody who waits for a query shares its time limit, but not its clients.
        const own = error instanceof Gone && (scope.ended ?? "deadline_exceeded") === error.end;
        if (!own) staleness.violations.push(`a read failed: ${error}`);
      })
      .finally(() => scope.close());
  }

  async #answer(
    keys: readonly string[],
    call: { readonly scope: Scope; readonly takesMs: number },
  ): Promise<{ readonly body: string; readonly source: string }> {
    const { caches } = this.#options;
    const cache = caches.getOrCreateCache(READ_CACHE);
    const key = keys.join("+");
    const entry = cache.get(key);
    const state = entry === undefined ? "unusable" : this.#judge(entry);
    if (entry !== undefined && state !== "unusable") {
      this.hits++;
      const refresh = state === "stale" && this.#isSound(keys) &&
        caches.loads.find(cache, key, OWNER) === undefined;
      if (refresh) this.#begin(cache, keys, call.takesMs).keep();
      return { body: entry.body, source: "cache" };
    }
    this.misses++;
    const sound = this.#isSound(keys);
    if (!sound) return await this.#query(keys, { ...call, need: undefined });
    const load = caches.loads.find(cache, key, OWNER) ?? this.#begin(cache, keys, call.takesMs);
    return await load.wait(call.scope, (end) => new Gone(end));
  }

  #judge(entry: CacheEntry): "fresh" | "stale" | "unusable" {
    const { caches, faults, process } = this.#options;
    if (faults.ignoresLease) return "fresh";
    if (faults.ignoresEra && process.now() < caches.bus.coherence.leaseUntil) return "fresh";
    return caches.judge(entry);
  }

  #isSound(keys: readonly string[]): boolean {
    const { caches, faults } = this.#options;
    return faults.ignoresLease || caches.isSound(faults.ignoresDoubt ? [] : keys);
  }

  #begin(cache: Cache, tags: readonly string[], takesMs: number): SharedLoad {
    const { caches, floors, faults } = this.#options;
    const key = tags.join("+");
    const load = new SharedLoad({
      key,
      owner: OWNER,
      tags,
      era: caches.eras.of("shard"),
      scope: this.#watch.open({ timeoutMs: 4_000 }),
    });
    const { name } = cache.config;
    const need = faults.ignoresFloors
      ? 0
      : floors.need([...tags, wholeTag(name), keyTag(name, key)]);
    caches.loads.add(cache, load);
    load.start(async (scope) => {
      try {
        const loaded = await this.#query(tags, { scope, takesMs, need });
        if (load.current || faults.storesOvertaken) cache.put(this.#entryOf(cache, load, loaded));
        return loaded;
      } finally {
        caches.loads.remove(cache, load);
      }
    });
    return load;
  }

  #entryOf(cache: Cache, load: SharedLoad, { body, etag, shard }: Loaded): CacheEntry {
    const { ttlMs, swrMs } = cache.config;
    const freshUntil = this.#options.process.now() + ttlMs;
    const staleUntil = freshUntil + swrMs;
    const { key, owner, tags, era } = load;
    return new CacheEntry(
      { cache, key, owner, body, etag, tags, shard, era, freshUntil, staleUntil },
    );
  }

  async #query(
    keys: readonly string[],
    { scope, takesMs, need }: {
      readonly scope: Scope;
      readonly takesMs: number;
      readonly need: number | undefined;
    },
  ): Promise<Loaded> {
    const { process, database } = this.#options;
    const seen = database.look?.replica ?? 0;
    const source = need !== undefined && seen >= need ? "replica" : "primary";
    if (source === "replica") this.fromReplica++;
    const ended = Promise.withResolvers<never>();
    // It takes a while to stop a query.
    scope.onEnd((end) => process.after(60, () => ended.reject(new Gone(end))));
    const versions = await Promise.race([
      database.read(process, { keys, from: source, takesMs }),
      ended.promise,
    ]);
    return { body: JSON.stringify(versions), etag: "", shard: "shard", source };
  }
}
