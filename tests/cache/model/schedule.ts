import type { WriteFate } from "./model_writer.ts";

/** What a schedule does at a time. Isolates and keys are picked by number, modulo what there is. */
export type Action =
  | {
    readonly kind: "write";
    readonly isolate: number;
    readonly key: number;
    readonly fate: WriteFate;
    readonly takesMs: number;
  }
  | {
    readonly kind: "read";
    readonly isolate: number;
    readonly key: number;
    readonly takesMs: number;
    readonly staysMs: number | undefined;
  }
  | {
    readonly kind: "burst";
    readonly isolate: number;
    readonly key: number;
    readonly count: number;
  }
  | { readonly kind: "lag"; readonly ms: number }
  | Fault;

/** What goes wrong. */
export type Fault =
  | { readonly kind: "cut" | "freeze" | "stop"; readonly isolate: number; readonly ms: number }
  | {
    readonly kind: "slow";
    readonly isolate: number;
    readonly ms: number;
    /** By how much later what is sent to it arrives. */
    readonly byMs: number;
  }
  | { readonly kind: "kill" | "retire"; readonly isolate: number; readonly awayMs: number }
  | { readonly kind: "cut_sweeper" | "stop_sweeper"; readonly sweeper: number; readonly ms: number }
  | { readonly kind: "close_connections" | "flush" }
  | { readonly kind: "stall"; readonly ms: number }
  | { readonly kind: "restart"; readonly awayMs: number; readonly empty: boolean }
  | { readonly kind: "fail_over"; readonly lossMs: number; readonly splitMs: number };

/** One step: an action, so long after the one before. */
export interface Step {
  readonly afterMs: number;
  readonly action: Action;
}

/** A fleet, and what happens to it. */
export interface Schedule {
  readonly seed: number;
  readonly isolates: number;
  readonly delayMs: number;
  readonly keeps: number;
  readonly pushFirst: boolean;
  readonly lookEveryMs: number;
  readonly pollMs: number;
  /** For how long an entry is fresh; it is answered after that while another is loaded. */
  readonly ttlMs: number;
  readonly steps: readonly Step[];
}
