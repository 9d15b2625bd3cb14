const UNITS = { ms: 1, s: 1_000, m: 60_000, h: 3_600_000 } as const;

/**
 * Reads `250ms`, `30s`, `5m` or `1h` as milliseconds; `undefined` where it is none of them.
 *
 * @example
 * ```ts
 * import { readDuration } from "./duration.ts";
 * import { assertEquals } from "@std/assert";
 *
 * assertEquals([readDuration("30s"), readDuration("soon")], [30_000, undefined]);
 * ```
 */
export function readDuration(text: string): number | undefined {
  const match = /^(\d{1,9})(ms|s|m|h)$/.exec(text);
  return match === null ? undefined : Number(match[1]) * UNITS[match[2] as keyof typeof UNITS];
}
