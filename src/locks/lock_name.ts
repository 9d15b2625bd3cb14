const LOCK_NAME = /^[A-Za-z0-9][A-Za-z0-9._:@/-]{0,127}$/;

/** What a lock's name must be, as the end of a sentence. */
export const LOCK_NAME_RULE =
  "must be 1 to 128 letters, digits and . _ : @ / -, beginning with a letter or digit";

/**
 * Whether a lock may have this name. The name stands in headers (`Realmgate-Fence: raid:7=123`) and
 * in messages between isolates, so it holds neither white space nor `=` nor `,`.
 *
 * @example
 * ```ts
 * import { isLockName } from "./lock_name.ts";
 * import { assertEquals } from "@std/assert";
 *
 * assertEquals([isLockName("raid:7"), isLockName("raid 7")], [true, false]);
 * ```
 */
export function isLockName(name: string): boolean {
  return LOCK_NAME.test(name);
}
