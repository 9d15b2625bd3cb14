/** Where a fleet's caches keep what they share in Redis; every key has the fleet's hash tag. */
export interface CacheKeys {
  /** The head, the log and the intents, as the log's scripts want them. */
  readonly log: readonly [head: string, log: string, intents: string];
  /** Who renewed its lease when. */
  readonly readers: string;
  /** Where each message is published. */
  readonly channel: string;
  /** What the keys of the entries that clients put begin with. */
  readonly values: string;
}

/** The keys of a fleet. */
export function cacheKeys(fleet: string): CacheKeys {
  const prefix = `{${fleet}}:coherence`;
  return {
    log: [prefix, `${prefix}:log`, `${prefix}:intents`],
    readers: `${prefix}:readers`,
    channel: `${prefix}:events`,
    values: `{${fleet}}:cache-`,
  };
}
