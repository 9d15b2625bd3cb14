/** Texts longer than this are never suggested for, so that a hostile name costs nothing. */
const LONGEST = 64;

/**
 * Says which of `known` the writer probably meant, as ` (did you mean x?)`, or nothing. `prefix`
 * is put before the suggestion, such as `:` for parameters.
 *
 * @example
 * ```ts
 * import { didYouMean } from "./suggest.ts";
 * import { assertEquals } from "@std/assert";
 *
 * assertEquals(didYouMean("nmae", ["name", "gold"], ":"), " (did you mean :name?)");
 * assertEquals(didYouMean("zzz", ["name", "gold"]), "");
 * ```
 */
export function didYouMean(received: string, known: Iterable<string>, prefix = ""): string {
  if (received.length > LONGEST) return "";
  let best: string | undefined;
  let least = Math.max(1, Math.floor(received.length / 3)) + 1;
  for (const candidate of known) {
    if (Math.abs(candidate.length - received.length) >= least) continue;
    const away = distance(received.toLowerCase(), candidate.toLowerCase());
    if (away < least) {
      least = away;
      best = candidate;
    }
  }
  return best === undefined ? "" : ` (did you mean ${prefix}${best}?)`;
}

/** Edits between two texts, a swap of neighbours counting one (optimal string alignment). */
function distance(a: string, b: string): number {
  let before: number[] = [];
  let row = Array.from({ length: b.length + 1 }, (_, j) => j);
  for (let i = 1; i <= a.length; i++) {
    const next = [i];
    for (let j = 1; j <= b.length; j++) {
      const same = a[i - 1] === b[j - 1];
      let cost = Math.min(
        (row[j] ?? 0) + 1,
        (next[j - 1] ?? 0) + 1,
        (row[j - 1] ?? 0) + (same ? 0 : 1),
      );
      if (i > 1 && j > 1 && a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1]) {
        cost = Math.min(cost, (before[j - 2] ?? 0) + 1);
      }
      next.push(cost);
    }
    before = row;
    row = next;
  }
  return row[b.length] ?? 0;
}
