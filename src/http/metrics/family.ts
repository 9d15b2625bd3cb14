import type { FleetView } from "../../monitor/fleet_view.ts";

/** One number of a family, with the labels that tell it from the others. */
export interface Sample {
  /** What follows the family's name; a histogram's samples have one each. */
  readonly suffix?: "_bucket" | "_sum" | "_count";
  readonly labels: Readonly<Record<string, string>>;
  readonly value: number;
}

/** What Prometheus calls a metric family: samples of one name, type and meaning. */
export interface Family {
  /** In base units, and ending in `_total` where it only grows. */
  readonly name: string;
  readonly type: "counter" | "gauge" | "histogram";
  /** One sentence; the table in the README has it too. */
  readonly help: string;
  /** The labels of every sample; what they can say is bounded by the configuration. */
  readonly labels: readonly string[];
  /** What a view says of it. Samples of the same labels, such as two isolates', are to be added. */
  samples(view: FleetView): Sample[];
}

/** What there are several of in a view, and how they are told apart. */
export interface Subject<T> {
  each(view: FleetView): readonly T[];
  readonly labels: readonly string[];
  /** What the labels say of one, in their order. */
  told(one: T): readonly string[];
}

/** What is measured of each; `null` where that is not known, which is no sample. */
export type Measure<T> =
  & Pick<Family, "name" | "help">
  & { readonly type: "counter" | "gauge" }
  & (
    | { value(one: T): number | boolean | null }
    /** A number for each of a few values of one more label. */
    | { readonly by: string; values(one: T): Readonly<Record<string, number | boolean>> }
  );

/**
 * The families that measure the same things.
 *
 * @example
 * ```ts
 * import { familiesOf } from "./family.ts";
 * import { assertEquals } from "@std/assert";
 *
 * const [up] = familiesOf(
 *   { each: () => ["s1a", "s1b"], labels: ["node"], told: (node) => [node] },
 *   [{ name: "up", type: "gauge", help: "Whether.", value: (node) => node === "s1a" }],
 * );
 * assertEquals(up?.labels, ["node"]);
 * ```
 */
export function familiesOf<T>(
  subject: Subject<T>,
  measures: readonly Measure<T>[],
): readonly Family[] {
  return measures.map((measure) => {
    const { name, type, help } = measure;
    const further = "by" in measure ? [measure.by] : [];
    const labels = [...subject.labels, ...further];
    return {
      name,
      type,
      help,
      labels,
      samples: (view) =>
        subject.each(view).flatMap((one) =>
          numbersOf(measure, one).map(([more, value]) => ({
            labels: labelled(labels, [...subject.told(one), ...more]),
            value,
          }))
        ),
    };
  });
}

/** Names and values of labels, brought together. */
export function labelled(
  names: readonly string[],
  values: readonly string[],
): Readonly<Record<string, string>> {
  return Object.fromEntries(names.map((name, at) => [name, values[at] ?? ""]));
}

function numbersOf<T>(
  measure: Measure<T>,
  one: T,
): (readonly [more: readonly string[], value: number])[] {
  if ("by" in measure) {
    return Object.entries(measure.values(one)).map(([told, value]) => [[told], Number(value)]);
  }
  const value = measure.value(one);
  return value === null ? [] : [[[], Number(value)]];
}
