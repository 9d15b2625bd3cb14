import { assert, assertEquals } from "@std/assert";
import { seededRandom } from "../../../src/core/random.ts";
import { ITEMS, scrambled, THETA, ZETA, zipfianRank } from "./zipfian.ts";

const DRAWS = 1_000_000;
const RECORDS = 10_000;

/** The sum of 1 / n^THETA up to `last`: the first terms, then Euler and Maclaurin's formula. */
function zeta(last: number): number {
  const exact = 10_000;
  let sum = 0;
  for (let n = 1; n < exact; n++) sum += n ** -THETA;
  const integral = (last ** (1 - THETA) - exact ** (1 - THETA)) / (1 - THETA);
  const edges = (exact ** -THETA + last ** -THETA) / 2;
  const slope = THETA * (exact ** (-THETA - 1) - last ** (-THETA - 1)) / 12;
  return sum + integral + edges + slope;
}

Deno.test("ZETA is the sum of 1 / n^0.99 over all items", () => {
  assert(Math.abs(zeta(ITEMS) - ZETA) < 1e-8, `${zeta(ITEMS)}`);
});

Deno.test("zipfianRank gives every rank its share", () => {
  const random = seededRandom(1);
  const seen = new Uint32Array(1_000);
  for (let n = 0; n < DRAWS; n++) {
    const rank = zipfianRank(random.next());
    assert(Number.isInteger(rank) && rank >= 0 && rank < ITEMS, `${rank}`);
    if (rank < seen.length) seen[rank] = (seen[rank] ?? 0) + 1;
  }
  // The two hottest are exact: within five standard deviations of a binomial distribution.
  for (const rank of [0, 1]) {
    const share = (rank + 1) ** -THETA / ZETA;
    const tolerance = 5 * Math.sqrt(DRAWS * share * (1 - share));
    const count = seen[rank] ?? 0;
    assert(Math.abs(count - DRAWS * share) < tolerance, `rank ${rank}: ${count}`);
  }
  // What follows is an approximation of the authors', which is off by a third at rank 2.
  for (const rank of [9, 19, 49, 99]) {
    const expected = DRAWS * (rank + 1) ** -THETA / ZETA;
    const count = seen[rank] ?? 0;
    assert(Math.abs(count / expected - 1) < 0.2, `rank ${rank}: ${count}, not ${expected}`);
  }
  const first = seen.reduce((sum, count) => sum + count, 0) / DRAWS;
  const expected = zeta(seen.length) / ZETA;
  assert(Math.abs(first - expected) < 0.02, `${first}, not ${expected}`);
});

Deno.test("zipfianRank is a rank of its range at both ends of [0, 1)", () => {
  assertEquals(zipfianRank(0), 0);
  const last = zipfianRank(1 - 2 ** -53);
  assert(last < ITEMS && last > ITEMS * 0.99, `${last}`);
});

Deno.test("scrambled is the absolute value of the signed hash, by the records, for hot ranks", () => {
  for (let rank = 0; rank < 200; rank++) {
    let hash = 0xcbf29ce484222325n;
    for (let at = 0n; at < 64n; at += 8n) {
      hash = BigInt.asUintN(64, (hash ^ (BigInt(rank) >> at & 255n)) * 0x100000001b3n);
    }
    const signed = BigInt.asIntN(64, hash);
    const expected = Number((signed < 0n ? -signed : signed) % BigInt(RECORDS));
    assertEquals(scrambled(rank, RECORDS), 1 + expected);
  }
});

Deno.test("scrambled spreads the ranks over all records", () => {
  const counts = new Uint32Array(RECORDS + 1);
  for (let rank = 0; rank < DRAWS; rank++) {
    const record = scrambled(rank, RECORDS);
    assert(record >= 1 && record <= RECORDS);
    counts[record] = (counts[record] ?? 0) + 1;
  }
  // 100 each on average: 5 standard deviations and more for the extremes of 10,000 records.
  const [least, most] = [Math.min(...counts.subarray(1)), Math.max(...counts)];
  assert(least > 40 && most < 160, `${least} to ${most}`);
});
