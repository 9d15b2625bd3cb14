import { parser } from "@prometheus-io/lezer-promql";

/** What an expression of PromQL asks for. */
export interface Promql {
  readonly selectors: readonly { readonly metric: string; readonly labels: readonly string[] }[];
  /** Labels that it groups or matches by. */
  readonly groupings: readonly string[];
}

/** Reads an expression by Prometheus's own grammar. @throws {Error} if it is none */
export function readPromql(text: string): Promql {
  const selectors: { metric: string; labels: string[] }[] = [];
  const groupings: string[] = [];
  let grouping = false;
  parser.parse(text).iterate({
    enter: ({ type, name, from, to }) => {
      if (type.isError) throw new Error(`Cannot read PromQL at ${from}: received ${text}`);
      const said = text.slice(from, to);
      if (name === "VectorSelector") selectors.push({ metric: "", labels: [] });
      if (name === "GroupingLabels") grouping = true;
      const selector = selectors.at(-1);
      if (name === "LabelName" && grouping) groupings.push(said);
      else if (name === "LabelName") selector?.labels.push(said);
      if (name === "Identifier" && selector !== undefined) selector.metric = said;
    },
    leave: ({ name }) => {
      if (name === "GroupingLabels") grouping = false;
    },
  });
  return { selectors, groupings };
}

/** What Prometheus knows: the labels of each metric. */
export type Known = ReadonlyMap<string, ReadonlySet<string>>;

/** What an expression, or a text beside it, names that Prometheus does not know. */
export function unknownIn(
  expression: string,
  options: { readonly known: Known; readonly beside?: readonly string[] },
): string[] {
  const { known, beside = [] } = options;
  const { selectors, groupings } = readPromql(expression);
  const all = new Set(selectors.flatMap(({ metric }) => [...known.get(metric) ?? []]));
  return [
    ...selectors.filter(({ metric }) => !known.has(metric)).map(({ metric }) => metric),
    ...selectors.flatMap(({ metric, labels }) =>
      labels.filter((label) => !known.get(metric)?.has(label)).map((label) => `${metric}{${label}}`)
    ),
    ...[...groupings, ...beside].filter((label) => !all.has(label)),
  ];
}
