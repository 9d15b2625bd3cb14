import { assertEquals } from "@std/assert";
import type { Period } from "../../src/partitions/partition_rule.ts";
import { partitionName, periodEnd, periodStart } from "../../src/partitions/period.ts";

const AT = Date.UTC(2026, 10, 26, 13, 45, 6, 789);

const CASES: readonly (readonly [Period, string, string, string])[] = [
  ["hour", "2026-11-26T13:00:00.000Z", "2026-11-26T14:00:00.000Z", "p2026112613"],
  ["day", "2026-11-26T00:00:00.000Z", "2026-11-27T00:00:00.000Z", "p20261126"],
  ["week", "2026-11-23T00:00:00.000Z", "2026-11-30T00:00:00.000Z", "p20261123"],
  ["month", "2026-11-01T00:00:00.000Z", "2026-12-01T00:00:00.000Z", "p202611"],
];

for (const [period, start, end, name] of CASES) {
  Deno.test(`periodStart, periodEnd and partitionName agree about a ${period}`, () => {
    assertEquals(new Date(periodStart(AT, period)).toISOString(), start);
    assertEquals(new Date(periodEnd(AT, period)).toISOString(), end);
    assertEquals(partitionName(AT, period), name);
    // A period's end is the next one's beginning, and lies in it.
    assertEquals(periodStart(periodEnd(AT, period), period), periodEnd(AT, period));
    assertEquals(partitionName(periodEnd(AT, period) - 1, period), name);
  });
}

Deno.test("periodEnd ends December in the next year, and weeks across it", () => {
  const at = Date.UTC(2026, 11, 31, 23, 59);
  assertEquals(new Date(periodEnd(at, "month")).toISOString(), "2027-01-01T00:00:00.000Z");
  assertEquals(partitionName(at, "week"), "p20261228");
  assertEquals(new Date(periodEnd(at, "week")).toISOString(), "2027-01-04T00:00:00.000Z");
});
