import { FAULTS } from "../../monitor/alerts/load_rules.ts";
import {
  CALL_BOUNDS_MS,
  type StatementCounts,
  type StatementMetrics,
} from "../../monitor/statement_metrics.ts";
import { familiesOf, type Family, labelled, type Sample, type Subject } from "./family.ts";
import { seconds } from "./units.ts";

const STATEMENTS: Subject<StatementMetrics> = {
  each: ({ statements }) => statements,
  labels: ["statement", "shard", "kind"],
  told: ({ statement, shard, kind }) => [statement, shard, kind],
};

/** How long calls took, as the buckets that were counted: exact in each, in the sum and in the count. */
const DURATION: Family = {
  name: "realmgate_call_duration_seconds",
  type: "histogram",
  help: "How long calls took.",
  labels: STATEMENTS.labels,
  samples: (view) =>
    STATEMENTS.each(view).flatMap((one) =>
      histogram(one.since, labelled(STATEMENTS.labels, STATEMENTS.told(one)))
    ),
};

/** What was counted of calls, by statement, shard and kind. */
export const CALL_FAMILIES: readonly Family[] = [
  ...familiesOf(STATEMENTS, [
    {
      name: "realmgate_calls_total",
      type: "counter",
      help: "Calls that ended, with whatever.",
      value: ({ since }) => since.calls,
    },
    {
      name: "realmgate_call_errors_total",
      type: "counter",
      help: "Calls that failed, by the error's code.",
      by: "code",
      values: ({ since }) => since.errors,
    },
    {
      name: "realmgate_call_faults_total",
      type: "counter",
      help: "Calls that failed by no fault of their caller; told from the first call on.",
      value: ({ since: { errors } }) =>
        Object.entries(errors).reduce((sum, [code, n]) => FAULTS.has(code) ? sum + n : sum, 0),
    },
    {
      name: "realmgate_calls_cached_total",
      type: "counter",
      help: "Calls that a cache answered, fresh or stale; their time counts as none.",
      value: ({ since }) => since.cached,
    },
    {
      name: "realmgate_batched_keys_total",
      type: "counter",
      help: "Keys that were read by a query for several at once.",
      value: ({ since }) => since.batched,
    },
    {
      name: "realmgate_call_rows_total",
      type: "counter",
      help: "Rows that databases answered, or matched for writes.",
      value: ({ since }) => since.rows,
    },
    {
      name: "realmgate_call_answer_bytes_total",
      type: "counter",
      help: "JSON that was answered, a byte for each character.",
      value: ({ since }) => since.bytes,
    },
    {
      name: "realmgate_queries_total",
      type: "counter",
      help: "Queries that were sent to a database.",
      value: ({ since }) => since.queries,
    },
    {
      name: "realmgate_query_seconds_total",
      type: "counter",
      help: "How long queries took their databases, all together.",
      value: ({ since }) => seconds(since.queryMs),
    },
  ]),
  DURATION,
];

/**
 * Prometheus's buckets hold what the smaller ones do. The last one and the count are made of the
 * same numbers, so that they are equal whatever else was counted.
 */
function histogram(
  { callBuckets, callMs }: StatementCounts,
  labels: Readonly<Record<string, string>>,
): Sample[] {
  const bounds = [...CALL_BOUNDS_MS.map((bound) => String(seconds(bound))), "+Inf"];
  let upTo = 0;
  const buckets = bounds.map((le, at): Sample => {
    upTo += callBuckets[at] ?? 0;
    return { suffix: "_bucket", labels: { ...labels, le }, value: upTo };
  });
  return [
    ...buckets,
    { suffix: "_sum", labels, value: seconds(callMs) },
    { suffix: "_count", labels, value: upTo },
  ];
}
