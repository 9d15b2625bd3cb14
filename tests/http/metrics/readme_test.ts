import { assertEquals, assertStringIncludes } from "@std/assert";
import { FAMILIES } from "../../../src/http/metrics/families.ts";
import { renderMetrics } from "../../../src/http/metrics/render_metrics.ts";
import { linesOf } from "./exposition.ts";
import { counts, statement, view } from "./views.ts";

const README = new URL("../../../README.md", import.meta.url);

/** The section, its lines joined. */
async function section(): Promise<string> {
  const text = await Deno.readTextFile(README);
  return text.split("\n## ").find((part) => part.startsWith("Metrics\n")) ?? "";
}

Deno.test("the README lists every family with its labels and what it tells", async () => {
  const rows = [...(await section()).matchAll(/^\| `(realmgate_\w+)` +\| (.*?) *\| (.*?) *\|$/gm)]
    .map(([, name = "", labels = "", help = ""]) => ({ name, labels, help }));
  const families = FAMILIES.map(({ name, labels, help }) => ({
    name,
    labels: labels.map((label) => `\`${label}\``).join(", "),
    help,
  }));
  assertEquals(rows, families);
});

Deno.test("the README says how many series a statement has", async () => {
  const statements = [statement(counts([1], { errors: { internal: 1 } }))];
  const text = await renderMetrics(view({ statements }));
  const series = linesOf(text).filter(({ labels }) => labels["statement"] !== undefined);
  const said = `A statement has ${series.length - 1} series`;
  assertStringIncludes((await section()).replaceAll("\n", " "), said);
});
