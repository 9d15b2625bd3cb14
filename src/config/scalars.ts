import { z } from "zod";

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

/** `250ms`, `30s`, `5m`, `1h`, or a number of milliseconds. */
export const duration = z.union([
  z.number().int().min(0),
  z.string().regex(/^\d+(ms|s|m|h)$/, "must be a duration such as 250ms, 30s or 5m")
    .transform((text) => parseDuration(text)),
]);

/** Reads `250ms`, `30s`, `5m` or `1h` as milliseconds. */
export function parseDuration(text: string): number {
  const match = /^(\d+)(ms|s|m|h)$/.exec(text);
  if (match === null) {
    throw new TypeError(
      `Cannot read a duration: must be a number with ms, s, m or h, received "${text}"`,
    );
  }
  const unit = { ms: 1, s: 1_000, m: 60_000, h: 3_600_000 }[match[2] as "ms" | "s" | "m" | "h"];
  return Number(match[1]) * unit;
}

/** `host:port`. */
export const address = z.string()
  .regex(/^[^\s:]+:\d{1,5}$/, "must be host:port")
  .transform((text) => {
    const colon = text.lastIndexOf(":");
    return { host: text.slice(0, colon), port: Number(text.slice(colon + 1)) };
  })
  .refine(({ port }) => port > 0 && port < 65_536, "must have a port from 1 to 65535");
