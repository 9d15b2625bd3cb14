import { assertEquals } from "@std/assert";
import { errorsOf, figureCells, median, ratioOf, ratioText, type Round, table } from "./figures.ts";

function round(requestsPerSecond: number, errors = 0): Round {
  return {
    requestsPerSecond,
    p50Ms: 1.234,
    p99Ms: 10,
    serviceMicros: 80.04,
    databaseMicros: 30,
    errors,
  };
}

Deno.test("median is the middle of the sorted numbers, or the mean of the two in the middle", () => {
  assertEquals(median([30, 1, 2]), 2);
  assertEquals(median([4, 1, 3, 2]), 2.5);
  assertEquals(median([]), NaN);
});

Deno.test("ratioOf compares round with round, not median with median", () => {
  const ours = [round(10), round(40), round(90)];
  const theirs = [round(10), round(20), round(30)];
  const rate = (one: Round) => one.requestsPerSecond;
  assertEquals(ratioOf(ours, theirs, rate), { low: 1, middle: 2, high: 3 });
  assertEquals(ratioText(ours, theirs, rate), "2.00 (1.00 to 3.00)");
});

Deno.test("figureCells shows medians, and adds the errors up", () => {
  const rounds = [round(100.4), round(300, 2), round(200.6, 1)];
  assertEquals(figureCells(rounds), ["201", "1.23", "10.00", "80.0", "30.0", "3"]);
  assertEquals(errorsOf(rounds), 3);
});

Deno.test("table aligns its columns", () => {
  assertEquals(
    table([["", "requests/s"], ["one", "1"], ["longer", "20000"]]),
    [
      "|        | requests/s |",
      "|--------|------------|",
      "| one    | 1          |",
      "| longer | 20000      |",
    ].join("\n"),
  );
});
