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

/** `host:port`. */
export const address = z.string()
  .regex(/^[^\s:]+:\d{1,5}$/, "must be host:port")
  .transform((text) => {
    const colon = text.lastIndexOf(":");
    return { host: text.slice(0, colon), port: Number(text.slice(colon + 1)) };
  })
  .refine(({ port }) => port > 0 && port < 65_536, "must have a port from 1 to 65535");
