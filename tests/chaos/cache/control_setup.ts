import type { RedisAddress } from "../support/redis_address.ts";

/** Which naive cache a control has. */
export type ControlKind =
  /** A map with a time to live, whose entries go when a message says so. */
  | "messages"
  /** A map whose entries hold a number that Redis must still have. */
  | "generations"
  /** None: it is never stale, and shows that the adversary does not cry wolf. */
  | "none";

/** How a control behaves under a fault. */
export interface ControlRules {
  readonly kind: ControlKind;
  /** Where it loads from: a replica is what is mostly written; a primary leaves the fault alone to blame. */
  readonly loads: "replica" | "primary";
}

/** How a process of the control is started. */
export interface ControlSetup extends ControlRules {
  readonly port: number;
  readonly isolates: number;
  readonly shards: readonly { readonly primary: string; readonly replica: string }[];
  readonly user: string;
  readonly password: string;
  readonly database: string;
  readonly redis: RedisAddress;
}
