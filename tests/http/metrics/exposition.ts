import { assert, assertEquals, unreachable } from "@std/assert";
import parse from "parse-prometheus-text-format";

/** A line of a sample, taken apart. */
export interface Line {
  readonly name: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly value: number;
}

/** The head of a family. */
export interface ParsedFamily {
  readonly name: string;
  readonly help: string;
  readonly type: string;
}

const SAMPLE =
  /^([a-zA-Z_:][a-zA-Z0-9_:]*)(?:\{((?:[a-z_]+="(?:[^"\\\n]|\\["\\n])*"(?:,(?!\})|(?=\})))+)\})? (\S+)$/;
const LABEL = /([a-z_]+)="((?:[^"\\]|\\.)*)"/g;

/** The families, as a parser that others wrote sees them. */
export function familiesIn(text: string): readonly ParsedFamily[] {
  return parse(text);
}

/** Every sample's line; fails where one is not in the format. */
export function linesOf(text: string): Line[] {
  return text.split("\n").filter((line) => line !== "" && !line.startsWith("#")).map((line) => {
    const [, name = "", labels = "", value = ""] = SAMPLE.exec(line) ?? [];
    assert(name !== "", `This is no sample: ${line}`);
    return {
      name,
      labels: Object.fromEntries(
        [...labels.matchAll(LABEL)].map(([, key = "", said = ""]) => [key, unescaped(said)]),
      ),
      value: value === "+Inf" ? Infinity : Number(value),
    };
  });
}

/** The value of the one sample of these labels; fails if there is none, or several. */
export function valueOf(text: string, name: string, labels: Record<string, string> = {}): number {
  const found = linesOf(text).filter((line) =>
    line.name === name &&
    Object.entries(labels).every(([key, said]) => line.labels[key] === said)
  );
  assertEquals(found.length, 1, `${name} ${JSON.stringify(labels)} is there ${found.length} times`);
  return found[0]?.value ?? NaN;
}

/**
 * Fails where Prometheus would refuse a text, or its linter complain: by what the format demands of
 * each family as a whole, which the parser does not look at.
 */
export function assertValid(text: string): void {
  assert(text.endsWith("\n"), "the last line must end");
  const lines = linesOf(text);
  const told = new Set(lines.map(({ name, labels }) => `${name} ${labelsKey(labels)}`));
  assertEquals(told.size, lines.length, "no sample may be there twice");
  for (const { value } of lines) assert(Number.isFinite(value), "every value must be a number");
  const families = familiesIn(text);
  const names = families.map(({ name }) => name);
  assertEquals(new Set(names).size, names.length, "no family may be there twice");
  for (const { name, type } of families) {
    for (const kind of ["HELP", "TYPE"]) {
      const heads = text.split("\n").filter((line) => line.startsWith(`# ${kind} ${name} `));
      assertEquals(heads.length, 1, `${name} must have one ${kind}`);
    }
    assertEquals(type === "COUNTER", name.endsWith("_total"), `${name} is a ${type}`);
    assert(!/_(ms|millis|milliseconds|kb|mb|percent)(_|$)/.test(name), `${name} has no base unit`);
    if (type !== "HISTOGRAM") assert(!/_(count|sum|bucket)$/.test(name), name);
  }
  for (const { name, type } of families) if (type === "HISTOGRAM") assertHistogram(text, name);
}

/** The buckets of one histogram, by their bounds, with its sum and count. */
export interface Histogram {
  readonly labels: Readonly<Record<string, string>>;
  readonly buckets: Readonly<Record<string, number>>;
  readonly sum: number;
  readonly count: number;
}

/** The histograms of a family. The parser from npm takes all of them for one. */
export function histogramsOf(text: string, family: string): Histogram[] {
  const lines = linesOf(text).filter(({ name }) => name.startsWith(`${family}_`));
  const groups = Map.groupBy(lines, ({ labels: { le: _, ...others } }) => labelsKey(others));
  return [...groups.values()].map((group) => {
    const only = (suffix: string) => {
      const found = group.filter(({ name }) => name === `${family}${suffix}`);
      assertEquals(found.length, 1, `${family} must have one ${suffix} of the same labels`);
      return found[0] ?? unreachable();
    };
    const buckets = group.filter(({ name }) => name === `${family}_bucket`);
    return {
      labels: only("_count").labels,
      buckets: Object.fromEntries(
        buckets.map(({ labels: { le = "none" }, value }) => [le, value]),
      ),
      sum: only("_sum").value,
      count: only("_count").value,
    };
  });
}

function assertHistogram(text: string, family: string): void {
  for (const { buckets, count } of histogramsOf(text, family)) {
    const bounds = Object.keys(buckets).filter((bound) => bound !== "+Inf");
    const sorted = [...bounds.toSorted((a, b) => Number(a) - Number(b)), "+Inf"];
    const held = sorted.map((bound) => buckets[bound] ?? NaN);
    assertEquals(held, held.toSorted((a, b) => a - b), `${family} must have buckets that add up`);
    assertEquals(buckets["+Inf"], count, `${family} must count what its last bucket has`);
  }
}

function labelsKey(labels: Readonly<Record<string, string>>): string {
  return JSON.stringify(Object.entries(labels).sort(([a], [b]) => a < b ? -1 : 1));
}

function unescaped(text: string): string {
  return text.replaceAll(/\\(.)/g, (_, said) => said === "n" ? "\n" : said);
}
