/**
 * One round of a smooth weighted round robin: every name as often as its weight says, and as
 * evenly spread as it can be (the way nginx balances its upstreams). The round is as short as the
 * weights allow.
 *
 * @param weights whole numbers above 0
 * @example
 * ```ts
 * import { weightedRotation } from "./weighted_rotation.ts";
 * import { assertEquals } from "@std/assert";
 *
 * assertEquals(weightedRotation(new Map([["a", 20], ["b", 10]])), ["a", "b", "a"]);
 * ```
 */
export function weightedRotation(weights: ReadonlyMap<string, number>): string[] {
  const divisor = [...weights.values()].reduce(greatestCommonDivisor, 0);
  const names = [...weights].map(([name, weight]) => ({
    name,
    weight: weight / divisor,
    credit: 0,
  }));
  const total = names.reduce((sum, { weight }) => sum + weight, 0);
  const round: string[] = [];
  while (round.length < total) {
    let richest = names[0];
    for (const entry of names) {
      entry.credit += entry.weight;
      if (richest === undefined || entry.credit > richest.credit) richest = entry;
    }
    if (richest === undefined) break;
    richest.credit -= total;
    round.push(richest.name);
  }
  return round;
}

function greatestCommonDivisor(a: number, b: number): number {
  return b === 0 ? a : greatestCommonDivisor(b, a % b);
}
