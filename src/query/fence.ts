import { isLockName } from "../locks/lock_name.ts";

/** A lock's fence: the number that its holder was granted, which grows from grant to grant. */
export interface Fence {
  readonly lock: string;
  /** Decimal digits, from 1 to 2^63 - 1. */
  readonly number: string;
}

/** What a fence's text must be, as the end of a sentence. */
export const FENCE_RULE =
  "must be lock=number: a lock's name, and the fence that its holder was granted";

const NUMBER = /^[1-9]\d{0,18}$/;
const GREATEST = "9223372036854775807";

/**
 * Reads a fence as requests carry it, `lock=number`; `undefined` for everything else. The number has
 * one form only, so that equal fences are equal texts.
 *
 * @example
 * ```ts
 * import { parseFence } from "./fence.ts";
 * import { assertEquals } from "@std/assert";
 *
 * assertEquals(parseFence("raid:7=1795543559258846"), {
 *   lock: "raid:7",
 *   number: "1795543559258846",
 * });
 * assertEquals(parseFence("raid:7=007"), undefined);
 * ```
 */
export function parseFence(text: string): Fence | undefined {
  const equals = text.indexOf("=");
  if (equals < 0) return undefined;
  const lock = text.slice(0, equals);
  const number = text.slice(equals + 1);
  if (!isLockName(lock) || !NUMBER.test(number)) return undefined;
  return number.length === GREATEST.length && number > GREATEST ? undefined : { lock, number };
}
