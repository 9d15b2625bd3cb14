import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import type { Round } from "../figures.ts";
import { chart } from "./chart.ts";
import { comparisonTable, report } from "./report.ts";
import type { Comparison } from "./results.ts";
import { WORKLOADS } from "./workloads.ts";

const ABOUT = {
  date: "2026-11-26",
  machine: "2 cores of A & B <x>",
  versions: "Deno 2.9.6",
  run: "Medians of 2 rounds",
};
const BASELINE = "Hono";

function rounds(rates: readonly number[], errors = 0): Round[] {
  return rates.map((requestsPerSecond) => ({
    requestsPerSecond,
    p50Ms: 0.5,
    p99Ms: 4,
    serviceMicros: 20,
    databaseMicros: 1,
    errors,
  }));
}

/** Three services, one of which had errors with 256 connections. */
function comparisons(): Comparison[] {
  return WORKLOADS.slice(0, 2).flatMap((workload) =>
    [1, 256].map((connections) => ({
      workload,
      connections,
      rows: [
        { name: "Realmgate", rounds: rounds([3_000, 5_000]) },
        { name: BASELINE, rounds: rounds([1_000, 2_000]) },
        { name: "Other", rounds: rounds([500, 500], connections === 1 ? 0 : 2) },
      ],
    }))
  );
}

function comparison(at: number): Comparison {
  const found = comparisons()[at];
  if (found === undefined) throw new Error(`Cannot find comparison ${at}`);
  return found;
}

Deno.test("comparisonTable shows each service beside the baseline", () => {
  assertEquals(
    comparisonTable(comparison(0), BASELINE).split("\n"),
    [
      "|           | requests/s | p50 ms | p99 ms | service µs/req | database µs/req | errors | ratio               |",
      "|-----------|------------|--------|--------|----------------|-----------------|--------|---------------------|",
      "| Realmgate | 4000       | 0.50   | 4.00   | 20.0           | 1.0             | 0      | 2.75 (2.50 to 3.00) |",
      "| Hono      | 1500       | 0.50   | 4.00   | 20.0           | 1.0             | 0      | 1                   |",
      "| Other     | 500        | 0.50   | 4.00   | 20.0           | 1.0             | 0      | 0.38 (0.25 to 0.50) |",
    ],
  );
});

Deno.test("comparisonTable marks a service that had errors, and gives it no ratio", () => {
  const lines = comparisonTable(comparison(1), BASELINE).split("\n");
  const other = lines.find((line) => line.includes("Other")) ?? "";
  const cells = other.split("|").map((cell) => cell.trim());
  assertEquals(cells[1], "Other (had errors: does not count)");
  assertEquals(cells.slice(-3, -1), ["4", "does not count"]);
});

Deno.test("comparisonTable gives no ratio at all where the baseline had errors", () => {
  const { rows, ...rest } = comparison(0);
  const faulty = rows.map((row) =>
    row.name === BASELINE ? { ...row, rounds: rounds([1, 1], 1) } : row
  );
  const text = comparisonTable({ ...rest, rows: faulty }, BASELINE);
  assertEquals(text.match(/\| does not count +\|/g)?.length, 2);
});

Deno.test("report has the machine, the notes, and every table under its workload", () => {
  const text = report(comparisons(), { about: ABOUT, baseline: BASELINE, chart: "chart.svg" });
  assertStringIncludes(
    text,
    "on 2026-11-26. Medians of 2 rounds. The machine: 2 cores of A & B <x>",
  );
  assertStringIncludes(text, "](chart.svg)");
  assertStringIncludes(text, "No peer has coherent caches");
  assertEquals(text.match(/^(##? .*|\d+ connections?)$/gm)?.slice(1), [
    "## Reads, uniform keys",
    "1 connection",
    "256 connections",
    "## Writes, uniform keys",
    "1 connection",
    "256 connections",
  ]);
});

Deno.test("chart draws a bar for each figure, in proportion, and none for a service with errors", () => {
  const svg = chart(comparisons(), { about: ABOUT, baseline: BASELINE });
  const widths = (kind: string) =>
    [...svg.matchAll(new RegExp(`<rect class="${kind}"[^>]* width="([\\d.]+)"`, "g"))]
      .map(([, width]) => Number(width));
  // Two workloads with two panels each.
  const [ours = 0] = widths("ours");
  assertEquals(widths("ours"), [ours, ours, ours, ours]);
  assert(widths("baseline").every((width) => Math.abs(width / ours - 1_500 / 4_000) < 0.01));
  assertEquals(widths("other").length, 2);
  assertEquals(svg.match(/>had errors</g)?.length, 2);
  assertStringIncludes(svg, ">4,000 · 2.75×<");
  assertStringIncludes(svg, "2 cores of A &amp; B &lt;x>");
});

Deno.test("chart is well-formed, runs no script and follows the page's colours", () => {
  const svg = chart(comparisons(), { about: ABOUT, baseline: BASELINE });
  const open: string[] = [];
  for (const [, closing, name = "", empty] of svg.matchAll(/<(\/?)(\w+)[^<>]*?(\/?)>/g)) {
    if (closing === "/") assertEquals(open.pop(), name);
    else if (empty === "") open.push(name);
  }
  assertEquals(open, []);
  assert(!/NaN|undefined|Infinity|<script|\son\w+=|href/.test(svg));
  assertStringIncludes(svg, "prefers-color-scheme: dark");
});
