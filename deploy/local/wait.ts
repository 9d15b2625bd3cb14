/** How long to wait for a condition, and for what. */
export interface WaitOptions {
  /** Completes "Cannot <what>: …" when the time is up. */
  readonly what: string;
  readonly timeoutMs: number;
  /** @default {25} */
  readonly everyMs?: number;
  /** Particulars for the error, asked for only when the time is up. */
  readonly detail?: () => string | Promise<string>;
}

/**
 * Asks `condition` again and again until it gives something else than `undefined` or `false`, and
 * returns that. A condition that throws ends the wait.
 *
 * @throws when the time is up
 *
 * @example
 * ```ts
 * import { waitUntil } from "./wait.ts";
 * import { assertEquals } from "@std/assert";
 *
 * let looks = 0;
 * const found = await waitUntil(() => ++looks === 3 ? looks : undefined, {
 *   what: "count to three",
 *   timeoutMs: 1_000,
 * });
 * assertEquals(found, 3);
 * ```
 */
export async function waitUntil<T>(
  condition: () => T | undefined | false | Promise<T | undefined | false>,
  options: WaitOptions,
): Promise<T> {
  const { what, timeoutMs, everyMs = 25, detail } = options;
  const deadline = performance.now() + timeoutMs;
  for (;;) {
    const found = await condition();
    if (found !== undefined && found !== false) return found;
    if (performance.now() >= deadline) {
      const more = detail === undefined ? "" : `\n${await detail()}`;
      throw new Error(`Cannot ${what}: must be done within ${timeoutMs} ms${more}`);
    }
    await new Promise((resolve) => setTimeout(resolve, everyMs));
  }
}
