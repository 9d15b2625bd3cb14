import type { Period } from "./partition_rule.ts";

const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;
const WEEK_MS = 7 * DAY_MS;
/** 1970 began on a Thursday; weeks begin on Mondays, as in ISO 8601. */
const FIRST_MONDAY_MS = 4 * DAY_MS;

/** The beginning of the period, in UTC, that an instant lies in. Both in Unix milliseconds. */
export function periodStart(ms: number, period: Period): number {
  switch (period) {
    case "hour":
      return Math.floor(ms / HOUR_MS) * HOUR_MS;
    case "day":
      return Math.floor(ms / DAY_MS) * DAY_MS;
    case "week":
      return Math.floor((ms - FIRST_MONDAY_MS) / WEEK_MS) * WEEK_MS + FIRST_MONDAY_MS;
    case "month": {
      const date = new Date(ms);
      return Date.UTC(date.getUTCFullYear(), date.getUTCMonth());
    }
  }
}

/** The end of the period that an instant lies in: the next one's beginning. */
export function periodEnd(ms: number, period: Period): number {
  const start = periodStart(ms, period);
  switch (period) {
    case "hour":
      return start + HOUR_MS;
    case "day":
      return start + DAY_MS;
    case "week":
      return start + WEEK_MS;
    case "month": {
      const date = new Date(start);
      return Date.UTC(date.getUTCFullYear(), date.getUTCMonth() + 1);
    }
  }
}

/**
 * The name of the partition that ends with the period in which an instant lies: `p2026112613` for an
 * hour, `p20261126` for a day, the same of its Monday for a week, `p202611` for a month.
 *
 * @example
 * ```ts
 * import { partitionName } from "./period.ts";
 * import { assertEquals } from "@std/assert";
 *
 * assertEquals(partitionName(Date.UTC(2026, 10, 26, 13, 5), "week"), "p20261123");
 * ```
 */
export function partitionName(ms: number, period: Period): string {
  const digits = new Date(periodStart(ms, period)).toISOString().replaceAll(/\D/g, "");
  return `p${digits.slice(0, { hour: 10, day: 8, week: 8, month: 6 }[period])}`;
}
