import { z } from "zod";

/** A name as SQL takes it without quotes. */
const sqlName = (whose: string) =>
  z.string().regex(
    /^[A-Za-z0-9_$]{1,64}$/,
    `must be a ${whose}'s name: letters, digits, _ and $`,
  );

/** A table, as the configuration names it. */
export const tableName = sqlName("table");
const columnName = sqlName("column");

const UNITS_MS = { h: 3_600_000, d: 86_400_000 };

/** `48h` or `30d`. */
const span = z.string().regex(/^\d{1,5}[hd]$/, "must be hours or days, such as 48h or 30d")
  .transform((text) => Number(text.slice(0, -1)) * UNITS_MS[text.at(-1) as "h" | "d"]);

/** How one table is partitioned, and for ranges by time how they are kept up. */
export const partition = z.discriminatedUnion("by", [
  z.strictObject({
    by: z.literal("range"),
    /** The column that its partitions are made by. */
    column: columnName,
    period: z.enum(["hour", "day", "week", "month"]),
    /** How far ahead of now there must be partitions. */
    ahead: span.default(7 * UNITS_MS.d),
    /** How long rows are kept; nothing is dropped unless this is said. */
    keep: span.optional(),
  }),
  z.strictObject({ by: z.enum(["list", "hash", "key"]), column: columnName }),
]);
