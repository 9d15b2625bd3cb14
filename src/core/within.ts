import type { Clock } from "./clock.ts";

/**
 * What a promise yields, or `undefined` once it took too long; it goes on then, unheard.
 *
 * @example
 * ```ts
 * import { within } from "./within.ts";
 * import { systemClock } from "./clock.ts";
 * import { assertEquals } from "@std/assert";
 *
 * const soon = Promise.resolve("done");
 * assertEquals(await within(soon, { clock: systemClock, ms: 1_000 }), "done");
 * ```
 */
export function within<T>(
  work: Promise<T>,
  { clock, ms }: { readonly clock: Clock; readonly ms: number },
): Promise<T | undefined> {
  return new Promise((resolve, reject) => {
    const limit = clock.after(ms, () => resolve(undefined));
    work.then(resolve, reject).finally(() => limit.cancel());
  });
}
