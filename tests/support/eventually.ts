/**
 * Asks again and again until `check` returns something truthy, and returns that.
 *
 * @throws {Error} with the last answer or error, once `withinMs` (default 10 s) is over
 */
export async function eventually<T>(
  check: () => T | Promise<T>,
  options: { readonly withinMs?: number; readonly what?: string } = {},
): Promise<NonNullable<T>> {
  const { withinMs = 10_000, what = "the condition to hold" } = options;
  const giveUpAt = performance.now() + withinMs;
  let last: unknown;
  for (;;) {
    try {
      const value = await check();
      if (value) return value;
      last = value;
    } catch (error) {
      last = error;
    }
    if (performance.now() > giveUpAt) {
      throw new Error(`Waited ${withinMs} ms for ${what}; last: ${Deno.inspect(last)}`);
    }
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}
