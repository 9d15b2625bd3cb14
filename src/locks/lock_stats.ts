/** What one isolate did with locks since it started. */
export interface LockStats {
  /** Grants that were handed out, replays among them. */
  readonly granted: number;
  /** Grants that had waited in a queue. */
  readonly grantedAfterWait: number;
  /** Grants that a retry under the same idempotency key was given again. */
  readonly replayed: number;
  /** Answers that somebody else holds the lock. */
  readonly refused: number;
  /** Attempts that wait now. */
  readonly waiting: number;
  /** The time in queues of all that were granted, in milliseconds. */
  readonly waitedMs: number;
  readonly renewed: number;
  /** Renewals that came too late. */
  readonly lost: number;
  readonly released: number;
  /** Grants that found the holder before had let the lock expire. */
  readonly expired: number;
  /** Attempts that were taken back: their client left, or Redis did not answer. */
  readonly withdrawn: number;
  /** Those that Redis has not heard of yet. */
  readonly withdrawing: number;
}

/** The counting side of {@linkcode LockStats}. */
export class LockCounters {
  granted = 0;
  grantedAfterWait = 0;
  replayed = 0;
  refused = 0;
  waitedMs = 0;
  renewed = 0;
  lost = 0;
  released = 0;
  expired = 0;
  withdrawn = 0;

  /** What was counted, with what is under way now. */
  snapshot(now: Pick<LockStats, "waiting" | "withdrawing">): LockStats {
    return { ...this, ...now };
  }
}
