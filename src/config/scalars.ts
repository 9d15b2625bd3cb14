import { z } from "zod";
import { readDuration } from "../query/duration.ts";

/** A whole number; its digits as a string too, which is what a variable yields. */
export const count = (min: number, max = Number.MAX_SAFE_INTEGER) =>
  z.preprocess(
    (value) => typeof value === "string" && /^\d+$/.test(value) ? Number(value) : value,
    z.number().int().min(min).max(max),
  );

/** Yes or no; `"true"` and `"false"` too, which is what a variable yields. */
export const flag = z.preprocess(
  (value) => value === "true" ? true : value === "false" ? false : value,
  z.boolean(),
);

const LONGEST_MS = 366 * 86_400_000;
const DURATION = "must be a duration such as 250ms, 30s or 5m, of at most 366 days (8784h)";

const durationFrom = (leastMs: number, rule: string) =>
  z.preprocess(
    (value) => typeof value === "string" ? readDuration(value) : value,
    z.number(DURATION).int(DURATION).min(leastMs, rule).max(LONGEST_MS, DURATION),
  );

/** `250ms`, `30s`, `5m`, `1h`, or a number of milliseconds. */
export const duration = durationFrom(0, DURATION);

/** The same, but not 0. */
export const positiveDuration = durationFrom(1, "must be longer than nothing");

/** `host:port`. */
export const address = z.string()
  .regex(/^[^\s:]+:\d{1,5}$/, "must be host:port")
  .transform((text) => {
    const colon = text.lastIndexOf(":");
    return { host: text.slice(0, colon), port: Number(text.slice(colon + 1)) };
  })
  .refine(({ port }) => port > 0 && port < 65_536, "must have a port from 1 to 65535");
