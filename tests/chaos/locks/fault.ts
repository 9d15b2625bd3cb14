import type { Arena } from "../support/arena.ts";
import type { SiteKind } from "../support/redis_site.ts";
import type { Contenders } from "./contenders.ts";
import type { Disturbances } from "./disturbances.ts";
import type { History } from "./history.ts";
import type { MachineClock } from "./machine_clock.ts";

/** What a fault may touch and look at while clients contend. */
export interface Stage {
  readonly arena: Arena;
  readonly contenders: Contenders;
  readonly history: History;
  readonly disturbances: Disturbances;
  readonly clock: MachineClock;
  readonly ttlMs: number;
}

/** One occurrence of a fault. */
export interface Episode {
  /** From when on grants should come again. */
  readonly recoversFrom: number;
  /** The locks that it touched. */
  readonly locks: readonly string[];
  /** Puts back what is still missing, once grants came again. */
  readonly restore?: () => Promise<void>;
}

/** What the control must show under a fault, so that the run is known to bite. */
export type Symptom = "overlaps" | "stale writes" | "overtakes";

/** A kind of trouble, brought about again and again while clients contend. */
export interface Fault {
  readonly name: string;
  /** What it is done to. @default {"server"} */
  readonly site?: SiteKind;
  /** Whether Redis may lose grants by it: then fences are all that is promised. */
  readonly losesGrants: boolean;
  /** What the control must show; `undefined` where the fault does not concern it. */
  readonly control: readonly Symptom[] | undefined;
  /** Whether a holder's late write must have been refused. */
  readonly refuses: boolean;
  /** @default {1_000} */
  readonly ttlMs?: number;
  /** What lies between two occurrences, at the least. @default {500} */
  readonly calmMs?: number;
  /** How long holders work, at the most. @default {30} */
  readonly holdMs?: number;
  /** Commands that a hand-over may cost; the control must need more. @default {any number} */
  readonly maxCommands?: number;
  /** Brings it about once, and ends it. */
  inject(stage: Stage): Promise<Episode>;
}
