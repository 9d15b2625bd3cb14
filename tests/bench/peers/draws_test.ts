import { assert, assertEquals, assertThrows } from "@std/assert";
import { seededRandom } from "../../../src/core/random.ts";
import { drawBytes, type DrawOptions, drawRequests, UPDATE } from "./draws.ts";
import { scrambled, THETA, ZETA } from "./zipfian.ts";

const COUNT = 1_000_000;
const RECORDS = 10_000;

function draw(options: Pick<DrawOptions, "keys" | "updates">, count = COUNT): Uint16Array {
  return drawRequests({ ...options, records: RECORDS, count, random: seededRandom(3) });
}

function countsOf(draws: Uint16Array): Uint32Array {
  const counts = new Uint32Array(UPDATE);
  for (const one of draws) counts[one % UPDATE] = (counts[one % UPDATE] ?? 0) + 1;
  return counts;
}

Deno.test("drawRequests draws the hottest players as often as YCSB's zipfian distribution says", () => {
  const counts = countsOf(draw({ keys: "zipfian", updates: 0 }));
  // The ranks that fall on a player are added up: the first thousand each at its share, what is
  // beyond evenly on all players, which is off by little for a hash.
  const shares = new Float64Array(RECORDS + 1);
  let hot = 0;
  for (let rank = 0; rank < 1_000; rank++) {
    const share = (rank + 1) ** -THETA / ZETA;
    const player = scrambled(rank, RECORDS);
    shares[player] = (shares[player] ?? 0) + share;
    hot += share;
  }
  const share = (rank: number) => (shares[scrambled(rank, RECORDS)] ?? 0) + (1 - hot) / RECORDS;
  for (const rank of [0, 1]) {
    const count = counts[scrambled(rank, RECORDS)] ?? 0;
    assert(Math.abs(count / (COUNT * share(rank)) - 1) < 0.03, `${rank}: ${count}`);
  }
  for (const rank of [9, 19, 49]) {
    const count = counts[scrambled(rank, RECORDS)] ?? 0;
    assert(Math.abs(count / (COUNT * share(rank)) - 1) < 0.2, `${rank}: ${count}`);
  }
  const hottest = counts.indexOf(Math.max(...counts));
  assertEquals(hottest, scrambled(0, RECORDS));
});

Deno.test("drawRequests asks for every player about as often when keys are uniform", () => {
  const counts = countsOf(draw({ keys: "uniform", updates: 0 })).subarray(0, RECORDS + 1);
  assertEquals(counts[0], 0);
  const [least, most] = [Math.min(...counts.subarray(1)), Math.max(...counts)];
  assert(least > 40 && most < 160, `${least} to ${most}`);
});

Deno.test("drawRequests has the share of updates that it is asked for", () => {
  const count = 100_000;
  for (const updates of [0.5, 0.05]) {
    const draws = draw({ keys: "zipfian", updates }, count);
    const found = draws.filter((one) => one >= UPDATE).length;
    const tolerance = 5 * Math.sqrt(count * updates * (1 - updates));
    assert(Math.abs(found - count * updates) < tolerance, `${found} of ${count}`);
  }
  assert(draw({ keys: "uniform", updates: 1 }, count).every((one) => one >= UPDATE));
  assert(draw({ keys: "zipfian", updates: 0 }, count).every((one) => one < UPDATE));
});

Deno.test("drawRequests refuses records that a draw cannot name", () => {
  assertThrows(
    () =>
      drawRequests({
        ...{ keys: "uniform", updates: 0, count: 1 },
        records: UPDATE,
        random: seededRandom(1),
      }),
    RangeError,
    "must be fewer than 32768",
  );
});

Deno.test("drawBytes puts the lower byte first", () => {
  assertEquals([...drawBytes(Uint16Array.of(1, 0x8102))], [1, 0, 2, 0x81]);
});
