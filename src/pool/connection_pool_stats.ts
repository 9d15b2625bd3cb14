import type { ConnectionState } from "./pooled_connection.ts";

/** What a pool holds now, and what it has done since it was made. */
export interface ConnectionPoolStats {
  readonly name: string;
  readonly max: number;
  readonly connecting: number;
  readonly idle: number;
  readonly inUse: number;
  /** Being checked after an idle time, or being recovered after a stopped command. */
  readonly validating: number;
  /** Callers that wait for a connection. */
  readonly waiting: number;
  readonly totals: ConnectionPoolTotals;
}

/** Counts since the pool was made. */
export interface ConnectionPoolTotals {
  readonly lent: number;
  readonly created: number;
  readonly connectFailures: number;
  /** Callers refused because too many waited. */
  readonly saturated: number;
  /** Callers whose wait ended without a connection. */
  readonly timedOut: number;
  /** Commands stopped because their scope ended. */
  readonly interrupted: number;
  /** Those of them that were stopped by KILL QUERY. */
  readonly killed: number;
  /** Connections lent longer than the leak warning allows. */
  readonly leakWarnings: number;
  /** Callers that waited before they got a connection, and for how long. */
  readonly waits: number;
  readonly waitMsTotal: number;
  readonly waitMsMax: number;
  /** Connections closed, by cause. */
  readonly closed: Readonly<Record<CloseCause, number>>;
}

/** Why a connection was closed. */
export type CloseCause = "lost" | "idle" | "aged" | "invalid" | "interrupted" | "shutdown";

/** The totals while they grow; one per pool. */
export class PoolCounters {
  lent = 0;
  created = 0;
  connectFailures = 0;
  saturated = 0;
  timedOut = 0;
  interrupted = 0;
  killed = 0;
  leakWarnings = 0;
  waits = 0;
  waitMsTotal = 0;
  waitMsMax = 0;
  readonly #closed: Record<CloseCause, number> = {
    lost: 0,
    idle: 0,
    aged: 0,
    invalid: 0,
    interrupted: 0,
    shutdown: 0,
  };

  /** Counts one closed connection. */
  closedFor(cause: CloseCause): void {
    this.#closed[cause]++;
  }

  /** Counts one finished wait. */
  waited(ms: number): void {
    this.waits++;
    this.waitMsTotal += ms;
    if (ms > this.waitMsMax) this.waitMsMax = ms;
  }

  /** The totals as a value. */
  totals(): ConnectionPoolTotals {
    const { lent, created, connectFailures, saturated, timedOut, interrupted, killed } = this;
    const { leakWarnings, waits, waitMsTotal, waitMsMax } = this;
    return {
      lent,
      created,
      connectFailures,
      saturated,
      timedOut,
      interrupted,
      killed,
      leakWarnings,
      waits,
      waitMsTotal,
      waitMsMax,
      closed: { ...this.#closed },
    };
  }
}

/** The statistics of a pool whose connections are in these states. */
export function summarise(
  pool: {
    readonly name: string;
    readonly max: number;
    readonly states: readonly ConnectionState[];
    readonly waiting: number;
    readonly counters: PoolCounters;
  },
): ConnectionPoolStats {
  const { name, max, states, waiting, counters } = pool;
  const count = (wanted: ConnectionState) => states.filter((state) => state === wanted).length;
  return {
    name,
    max,
    connecting: count("connecting"),
    idle: count("idle"),
    inUse: count("in_use"),
    validating: count("validating"),
    waiting,
    totals: counters.totals(),
  };
}
