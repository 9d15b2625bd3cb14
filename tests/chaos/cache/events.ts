/**
 * Who is attacked: Realmgate, a control that must fail, or one without a cache, which must not: what
 * is found in that one is a fault of the adversary.
 */
export type System = "realmgate" | "control" | "uncached";

/** How a request ended; `failed` is any answer but 200. */
export type Outcome = "answered" | "failed" | "closed" | "unanswered";

/** One request, on the clock of the adversary. */
export interface RequestEvent {
  readonly key: number;
  readonly statement: string;
  /** By which way it was asked for. */
  readonly form: string;
  /** One connection reaches one isolate. */
  readonly connection: string;
  /** The service process. */
  readonly process: number;
  /** Read just before it was sent. */
  readonly startedAt: number;
  readonly endedAt: number;
  readonly outcome: Outcome;
  /** What an answer that failed said. */
  readonly code: string;
}

/** A read that may be cached. */
export interface ReadEvent extends RequestEvent {
  /** What it answered; `undefined` where it did not. */
  readonly version: number | undefined;
  readonly source: string;
}

/** From `at` on it is known that a key is committed with at least this version. */
export interface Proof {
  readonly key: number;
  readonly version: number;
  readonly at: number;
  /** The connection whose write was acknowledged; `undefined` where a strong read saw the version. */
  readonly acknowledgedOn: string | undefined;
}

/** A time, its end not included. */
export interface Period {
  readonly from: number;
  readonly to: number;
}

/** A time in which a fault lasted. */
export interface Disturbance extends Period {
  /** Processes that were stopped or killed, and so may have left requests without an answer. */
  readonly processes: readonly number[];
  /** Writes that were committed with nobody left to tell of them, where that was the fault. */
  readonly unheard?: number;
}
