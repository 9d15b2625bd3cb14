import type { RedisAddress } from "../support/redis_address.ts";

/**
 * What a contender tells of each step, as one line of JSON. Every `at` is an instant of the machine's
 * shared clock. A line is written before the step's consequence: a release is told before it is sent,
 * so that a process that is killed has claimed too much rather than too little.
 */
export type ContenderEvent =
  | { readonly kind: "ready" }
  /** An acquire is about to be sent. `ask` is unique in the run. */
  | {
    readonly kind: "ask";
    readonly ask: string;
    readonly lock: string;
    readonly client: string;
    /** Which service it goes to; -1 for the control, which needs none. */
    readonly service: number;
    /** Whether it asks again, under the key of an ask that failed. */
    readonly again: boolean;
    readonly at: number;
  }
  /** It was granted; the client relies on it until `until`. */
  | {
    readonly kind: "grant";
    readonly ask: string;
    readonly token: string;
    /** `""` for the control, which has none. */
    readonly fence: string;
    readonly until: number;
    readonly at: number;
  }
  /** It was not granted: the lock was held all the time, the client left, or nobody knows. */
  | {
    readonly kind: "no_grant";
    readonly ask: string;
    readonly why: "held" | "left" | "failed";
    readonly detail: string;
    readonly at: number;
  }
  /** A renewal came through; the client relies on the grant until `until`. */
  | { readonly kind: "renewed"; readonly ask: string; readonly until: number; readonly at: number }
  /** The client stops relying on the grant: it is about to release it, or heard that it is lost. */
  | { readonly kind: "ended"; readonly ask: string; readonly at: number }
  /** It was told to hold on, and does. */
  | { readonly kind: "holding"; readonly ask: string; readonly at: number }
  /** A write under the grant is about to be sent. */
  | { readonly kind: "write"; readonly ask: string; readonly write: string; readonly at: number }
  | {
    readonly kind: "wrote";
    readonly write: string;
    readonly status: number;
    readonly code: string;
    readonly at: number;
  };

/** What a contender can be told while it runs. */
export type ContenderOrder =
  /** Whoever of it is granted something next holds on to it, past its validity, until `go`. */
  | { readonly order: "hold" }
  /** The one that holds on writes, as if it had checked its lock before it was stopped. */
  | { readonly order: "go" }
  /** Begin nothing new, and end. */
  | { readonly order: "stop" };

/** How a contender is started. */
export interface ContenderSetup {
  readonly client: string;
  readonly system: "realmgate" | "control";
  readonly workers: number;
  readonly locks: readonly ContestedLock[];
  readonly ttlMs: number;
  readonly waitMs: number;
  /** How long a holder works under its lock, at the most. */
  readonly holdMs: number;
  readonly services: readonly string[];
  readonly apiKey: string;
  /** Where the control keeps its locks. */
  readonly redis: RedisAddress;
}

/** A lock, and the player whose events are written under it. */
export interface ContestedLock {
  readonly name: string;
  readonly playerId: string;
}
