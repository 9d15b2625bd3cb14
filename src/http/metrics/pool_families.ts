import type { ConnectionPoolStats } from "../../pool/connection_pool_stats.ts";
import { familiesOf, type Family, type Subject } from "./family.ts";
import { seconds } from "./units.ts";

const POOLS: Subject<ConnectionPoolStats> = {
  each: ({ processes }) =>
    processes.flatMap(({ isolates }) => isolates.flatMap(({ pools }) => pools)),
  labels: ["node"],
  told: ({ name }) => [name],
};

/** What the isolates' pools hold and did, by node. */
export const POOL_FAMILIES: readonly Family[] = familiesOf(POOLS, [
  {
    name: "realmgate_pool_connections",
    type: "gauge",
    help: "Connections, by what they do.",
    by: "state",
    values: ({ connecting, idle, inUse, validating }) => {
      return { connecting, idle, in_use: inUse, validating };
    },
  },
  {
    name: "realmgate_pool_max_connections",
    type: "gauge",
    help: "Connections that there may be.",
    value: ({ max }) => max,
  },
  {
    name: "realmgate_pool_waiting",
    type: "gauge",
    help: "Callers that wait for a connection.",
    value: ({ waiting }) => waiting,
  },
  {
    name: "realmgate_pool_lent_total",
    type: "counter",
    help: "Times that a connection was lent.",
    value: ({ totals }) => totals.lent,
  },
  {
    name: "realmgate_pool_connections_created_total",
    type: "counter",
    help: "Connections that were opened.",
    value: ({ totals }) => totals.created,
  },
  {
    name: "realmgate_pool_connect_failures_total",
    type: "counter",
    help: "Connections that could not be opened.",
    value: ({ totals }) => totals.connectFailures,
  },
  {
    name: "realmgate_pool_connections_closed_total",
    type: "counter",
    help: "Connections that were closed, by cause.",
    by: "cause",
    values: ({ totals }) => totals.closed,
  },
  {
    name: "realmgate_pool_saturated_total",
    type: "counter",
    help: "Callers that were refused because too many waited.",
    value: ({ totals }) => totals.saturated,
  },
  {
    name: "realmgate_pool_timed_out_total",
    type: "counter",
    help: "Callers whose wait ended without a connection.",
    value: ({ totals }) => totals.timedOut,
  },
  {
    name: "realmgate_pool_waits_total",
    type: "counter",
    help: "Callers that waited before they got a connection.",
    value: ({ totals }) => totals.waits,
  },
  {
    name: "realmgate_pool_wait_seconds_total",
    type: "counter",
    help: "How long they waited, all together.",
    value: ({ totals }) => seconds(totals.waitMsTotal),
  },
  {
    name: "realmgate_pool_interrupted_total",
    type: "counter",
    help: "Commands that were stopped: their time was over, or their client had left.",
    value: ({ totals }) => totals.interrupted,
  },
  {
    name: "realmgate_pool_killed_total",
    type: "counter",
    help: "Of these, those that KILL QUERY stopped.",
    value: ({ totals }) => totals.killed,
  },
  {
    name: "realmgate_pool_leak_warnings_total",
    type: "counter",
    help: "Connections that were lent for too long.",
    value: ({ totals }) => totals.leakWarnings,
  },
]);
