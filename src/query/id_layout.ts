/*
 * An id of `default=id()` is a number of 63 bits. Its upper 51 are a microsecond since 2026-01-01 UTC,
 * by Redis's clock, that was given to one isolate alone; its lower 12 count within it.
 */

/** The instant of the ids' microsecond 0, in seconds since the Unix epoch. */
export const ID_EPOCH_S = Date.UTC(2026, 0, 1) / 1_000;
/** Ids that one microsecond has. */
export const IDS_PER_MICROSECOND = 4_096;
/** The last microsecond that there are ids of; in 2097. */
export const LAST_MICROSECOND = 2 ** 51 - 1;
/** The least id that is ever made. */
export const LEAST_ID = "4096";
/** The greatest one. */
export const GREATEST_ID = "9223372036854775807";

/** The first id of a microsecond. */
export function firstIdOf(microsecond: number): bigint {
  return BigInt(microsecond) * BigInt(IDS_PER_MICROSECOND);
}
