/** What an isolate's cache did since the isolate started. */
export interface CacheCounters {
  /** Answers from it. */
  hits: number;
  /** Of these, answers past their time or without the lease. */
  stale: number;
  misses: number;
  /** Queries that were made for misses. */
  loads: number;
  /** Misses that waited for a query of another one. */
  joined: number;
  /** Loads that a write overtook: answered, not stored. */
  overtaken: number;
  /** Reads that went past it to the primary: a write under way, or no lease. */
  bypassed: number;
  /** What became of entries, by cause. */
  readonly evicted: {
    /** The cache was full. */
    capacity: number;
    /** Its time was over. */
    expired: number;
    /** A write or a call dropped it. */
    invalidated: number;
    /** The lease was lost, the shard has another primary, or the statement was replaced. */
    outdated: number;
  };
}

/** The counters of a cache that did nothing yet. */
export function noCounters(): CacheCounters {
  return {
    hits: 0,
    stale: 0,
    misses: 0,
    loads: 0,
    joined: 0,
    overtaken: 0,
    bypassed: 0,
    evicted: { capacity: 0, expired: 0, invalidated: 0, outdated: 0 },
  };
}
