import type { CacheMessage, Intent } from "./cache_event.ts";

/** What the fleet's log said to a renewal of the read lease. */
export interface Renewal {
  readonly epoch: string;
  /** The newest sequence when the log ran it. */
  readonly sequence: number;
  /** Asked for with `log`: what came after the sequence that was sent, as far as the log goes. */
  readonly log?: readonly CacheMessage[];
  /** Asked for with `full`: the writes that are under way. */
  readonly intents?: readonly Intent[];
  /** Asked for with `full`: for how long nothing may be stored yet, in milliseconds. */
  readonly holdMs?: number;
}

/**
 * What an isolate has to ask the log for: `plain` while it has seen everything, `log` when messages
 * may have been lost under a lease that holds, `full` when the lease was lost.
 */
export type Ask = "plain" | "log" | "full";
