import { parser } from "@prometheus-io/lezer-promql";

/** A condition on a label, such as `state="idle"` or `code=~"internal|overloaded"`. */
export interface Matcher {
  readonly label: string;
  /** What it may be; empty where that is for Grafana's variables to say. */
  readonly values: readonly string[];
}

/** What an expression of PromQL asks for. */
export interface Promql {
  readonly selectors: readonly { readonly metric: string; readonly matchers: readonly Matcher[] }[];
  /** Labels that it groups or matches by. */
  readonly groupings: readonly string[];
}

/** Reads an expression by Prometheus's own grammar. @throws {Error} if it is none */
export function readPromql(text: string): Promql {
  const selectors: { metric: string; matchers: Matcher[] }[] = [];
  const groupings: string[] = [];
  let grouping = false;
  parser.parse(text).iterate({
    enter: ({ type, name, from, to }) => {
      if (type.isError) throw new Error(`Cannot read PromQL at ${from}: received ${text}`);
      const said = text.slice(from, to);
      if (name === "VectorSelector") selectors.push({ metric: "", matchers: [] });
      if (name === "GroupingLabels") grouping = true;
      const selector = selectors.at(-1);
      if (name === "LabelName" && grouping) groupings.push(said);
      if (name === "UnquotedLabelMatcher") selector?.matchers.push(readMatcher(said));
      if (name === "Identifier" && selector !== undefined) selector.metric = said;
    },
    leave: ({ name }) => {
      if (name === "GroupingLabels") grouping = false;
    },
  });
  return { selectors, groupings };
}

function readMatcher(text: string): Matcher {
  const [, label = "", value = ""] = /^(\w+) *=~? *["'](.*)["']$/.exec(text) ?? [];
  return { label, values: value.startsWith("$") ? [] : value.split("|") };
}

/** What Prometheus knows: the labels of each metric, with what they can say. */
export type Known = ReadonlyMap<string, ReadonlyMap<string, ReadonlySet<string>>>;

/** What an expression, or a text beside it, names that Prometheus does not know. */
export function unknownIn(
  expression: string,
  options: { readonly known: Known; readonly beside?: readonly string[] },
): string[] {
  const { known, beside = [] } = options;
  const { selectors, groupings } = readPromql(expression);
  const all = new Set(selectors.flatMap(({ metric }) => [...known.get(metric)?.keys() ?? []]));
  return [
    ...selectors.filter(({ metric }) => !known.has(metric)).map(({ metric }) => metric),
    ...selectors.flatMap(({ metric, matchers }) =>
      matchers.flatMap(({ label, values }) => {
        const there = known.get(metric)?.get(label);
        if (there === undefined) return [`${metric}{${label}}`];
        return values.filter((value) => !there.has(value)).map((value) => `${label}=${value}`);
      })
    ),
    ...[...groupings, ...beside].filter((label) => !all.has(label)),
  ];
}
