import type { Period } from "./partition_rule.ts";

const DAY_MS = 86_400_000;
/** `TO_DAYS('1970-01-01')`. */
const EPOCH_DAY = 719_528;
/** From here on years have five digits, for which neither names nor answers have room. */
const YEAR_10000_MS = Date.UTC(10_000, 0);
const INSTANT = /^'(\d{4}-\d\d-\d\d)(?: (\d\d:\d\d:\d\d)(?:\.0+)?)?'$/;

/** How a table writes the instants at which its partitions end. */
export interface TimeBound {
  /** Unix milliseconds, or `undefined` for what is no instant of this form. */
  readonly read: (description: string) => number | undefined;
  /** As it stands in `VALUES LESS THAN (…)`. */
  readonly write: (ms: number) => string;
}

/** What a server says of how a table is partitioned. */
export interface Partitioning {
  /** As in `information_schema.partitions`: `RANGE COLUMNS`, `HASH`, …; `null` where it is not. */
  readonly method: string | null;
  /** As there: `` `at` ``, `` to_days(`at`) ``. */
  readonly expression: string;
  /** The declared column's type, such as `datetime`; `undefined` where there is no such column. */
  readonly columnType: string | undefined;
}

const COLUMNS: TimeBound = {
  read(description) {
    const [, day, time = "00:00:00"] = INSTANT.exec(description) ?? [];
    if (day === undefined) return undefined;
    const ms = Date.parse(`${day}T${time}Z`);
    return Number.isNaN(ms) ? undefined : ms;
  },
  write(ms) {
    const iso = new Date(ms).toISOString();
    return ms % DAY_MS === 0
      ? `'${iso.slice(0, 10)}'`
      : `'${iso.slice(0, 10)} ${iso.slice(11, 19)}'`;
  },
};

const numbers = (bound: { readonly unitMs: number; readonly zero: number }): TimeBound => ({
  read(text) {
    const ms = /^\d+$/.test(text) ? (Number(text) - bound.zero) * bound.unitMs : NaN;
    return ms < YEAR_10000_MS ? ms : undefined;
  },
  write: (ms) => String(ms / bound.unitMs + bound.zero),
});

const SECONDS = numbers({ unitMs: 1_000, zero: 0 });
const DAYS = numbers({ unitMs: DAY_MS, zero: EPOCH_DAY });

/**
 * How a table that is partitioned by time writes its bounds: `RANGE COLUMNS (column)` of a DATE or a
 * DATETIME, which is taken for UTC, `RANGE (UNIX_TIMESTAMP(column))` or `RANGE (TO_DAYS(column))`.
 *
 * @returns a sentence that says why not, where its form is none of these
 */
export function timeBoundOf(
  partitioning: Partitioning,
  rule: { readonly column: string; readonly period: Period },
): TimeBound | string {
  const { method, expression, columnType } = partitioning;
  const column = `\`${rule.column}\``.toLowerCase();
  const by = expression.toLowerCase();
  const hours = rule.period === "hour";
  if (method === "RANGE COLUMNS" && by === column) {
    if (columnType === "datetime" || (columnType === "date" && !hours)) return COLUMNS;
    return `${rule.column} is of the type ${columnType}, which ${
      hours ? "hours cannot be told by" : "is no time"
    }`;
  }
  if (method === "RANGE" && by === `unix_timestamp(${column})`) return SECONDS;
  if (method === "RANGE" && by === `to_days(${column})`) {
    return hours ? "hours cannot be told by TO_DAYS" : DAYS;
  }
  return `it must be partitioned by RANGE COLUMNS (${rule.column}), ` +
    `RANGE (UNIX_TIMESTAMP(${rule.column})) or RANGE (TO_DAYS(${rule.column})), and is by ` +
    (method === null ? "nothing" : `${method} (${expression})`);
}
