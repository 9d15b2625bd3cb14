/** Clocks of two machines may differ by this share of a duration … */
const DRIFT_SHARE = 0.01;
/** … and by this much more, in milliseconds: what Redis itself rounds. */
const DRIFT_MS = 2;

/** What is known of a grant's time, in milliseconds; the instants are on one monotonic clock. */
export interface GrantTimes {
  /** When the client's request arrived. */
  readonly arrivedAt: number;
  /** The latest instant that surely came before the server measured `leftMs`. */
  readonly beforeGrantAt: number;
  /** How long the grant still lasted on the server's clock then. */
  readonly leftMs: number;
}

/**
 * How long a client may rely on a grant, in whole milliseconds counted from the instant it sent its
 * request: the server's time, less what two clocks may drift apart meanwhile. A client's sending
 * comes before the arrival, so that whoever counts from there ends before the server does. Zero or
 * less: it cannot be relied on at all.
 *
 * The allowance for drift is the one of Redlock (Redis documentation, "Distributed locks").
 *
 * @example
 * ```ts
 * import { validForMs } from "./validity.ts";
 * import { assertEquals } from "@std/assert";
 *
 * assertEquals(validForMs({ arrivedAt: 1_000, beforeGrantAt: 1_003, leftMs: 10_000 }), 9_901);
 * ```
 */
export function validForMs({ arrivedAt, beforeGrantAt, leftMs }: GrantTimes): number {
  return Math.floor(beforeGrantAt - arrivedAt + leftMs - (leftMs * DRIFT_SHARE + DRIFT_MS));
}
