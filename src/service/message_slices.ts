/** What one message of the fleet's log holds, in characters of JSON. */
const MAX_CHARS = 60_000;

/**
 * Splits what is to be told into messages of a bounded size, in its order. One that is larger by
 * itself is a message of its own.
 *
 * @example
 * ```ts
 * import { messageSlices } from "./message_slices.ts";
 * import { assertEquals } from "@std/assert";
 *
 * const long = "x".repeat(40_000);
 * assertEquals([...messageSlices(["a", long, long])], [["a", long], [long]]);
 * ```
 */
export function* messageSlices<T>(items: Iterable<T>): Generator<T[]> {
  let slice: T[] = [];
  let chars = 0;
  for (const item of items) {
    const more = JSON.stringify(item).length + 1;
    if (slice.length > 0 && chars + more > MAX_CHARS) {
      yield slice;
      [slice, chars] = [[], 0];
    }
    slice.push(item);
    chars += more;
  }
  if (slice.length > 0) yield slice;
}
