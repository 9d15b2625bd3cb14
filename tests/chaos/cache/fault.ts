import type { Arena } from "../support/arena.ts";
import type { Fleet } from "../support/fleet.ts";
import type { SiteKind } from "../support/redis_site.ts";
import type { ControlRules } from "./control_setup.ts";
import type { Plan } from "./episode.ts";
import type { Load } from "./load.ts";

/** What a fault may touch. */
export interface Stage {
  readonly arena: Arena;
  /** The processes that are attacked: Realmgate's, or the control's. */
  readonly fleet: Fleet;
  readonly load: Load;
  /** How often it was brought about in this phase. */
  readonly round: number;
  readonly clock: () => number;
}

/** What one occurrence of a fault did. */
export interface Injected {
  /** Processes that were stopped or killed. */
  readonly processes: readonly number[];
  /** Writes that were committed with nobody left to tell of them, where that is the fault. */
  readonly unheard?: number;
}

/** A kind of trouble, brought about again and again while clients read and write. */
export interface Fault {
  readonly name: string;
  /** What is promised under it. */
  readonly promise: "B1" | "B2" | "B3" | "B4" | "B5";
  /** How old an answer may be, in milliseconds. */
  readonly boundMs: number;
  /** How often it is brought about at the least. @default {1} */
  readonly rounds?: number;
  /** What it is done to. @default {"server"} */
  readonly site?: SiteKind;
  /** What the keys that are written once live through. @default {everything that is hard} */
  readonly plans?: readonly Plan[];
  /** The control that must break the bound under it. */
  readonly control: ControlRules & {
    /** Whether writes overtake its loads too, which alone makes it stale. */
    readonly overtaken: boolean;
  };
  /** Brings it about once, and ends it; `undefined` where nothing was disturbed. */
  inject(stage: Stage): Promise<Injected | undefined>;
}

/** The bound of a healthy fleet: tens of milliseconds are promised, and a busy machine is slow. */
export const HEALTHY_MS = 500;
/** The bound where a message, a process or Redis was lost. */
export const TROUBLED_MS = 3_000;
