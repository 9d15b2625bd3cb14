import type { Alert } from "../../monitor/alert.ts";
import type { IsolateReport, ProcessReport } from "../../monitor/fleet_view.ts";
import { familiesOf, type Family, type Subject } from "./family.ts";
import { seconds } from "./units.ts";

const PROCESS: Subject<ProcessReport> = {
  each: ({ processes }) => processes,
  labels: [],
  told: () => [],
};

const ISOLATES: Subject<IsolateReport> = {
  each: ({ processes }) => processes.flatMap(({ isolates }) => isolates),
  labels: ["isolate"],
  told: ({ name }) => [name],
};

const RAISED: Subject<Alert> = {
  each: ({ alerts }) => alerts.filter(({ state }) => state === "raised"),
  labels: ["rule", "severity"],
  told: ({ rule, severity }) => [rule, severity],
};

/** How the process and its isolates do, and what they warn of. */
export const PROCESS_FAMILIES: readonly Family[] = [
  ...familiesOf(PROCESS, [
    {
      name: "realmgate_build_info",
      type: "gauge",
      help: "1, with the version.",
      by: "version",
      values: ({ version }) => ({ [version]: 1 }),
    },
    {
      name: "realmgate_process_start_time_seconds",
      type: "gauge",
      help: "When the process started, in Unix time.",
      value: ({ startedAt }) => seconds(startedAt),
    },
    {
      name: "realmgate_process_resident_memory_bytes",
      type: "gauge",
      help: "Memory that the process takes.",
      value: ({ rssBytes }) => rssBytes,
    },
    {
      name: "realmgate_isolates",
      type: "gauge",
      help: "Isolates of the process.",
      value: ({ isolates }) => isolates.length,
    },
    {
      name: "realmgate_redis_up",
      type: "gauge",
      help: "Whether Redis answers.",
      value: ({ redisUp }) => redisUp,
    },
    {
      name: "realmgate_on_duty",
      type: "gauge",
      help: "Whether the process looks at the databases for the fleet.",
      value: ({ onDuty }) => onDuty,
    },
  ]),
  ...familiesOf(ISOLATES, [
    {
      name: "realmgate_isolate_start_time_seconds",
      type: "gauge",
      help: "When the isolate started, in Unix time.",
      value: ({ startedAt }) => seconds(startedAt),
    },
    {
      name: "realmgate_isolate_heap_bytes",
      type: "gauge",
      help: "Memory of its JavaScript.",
      value: ({ heapBytes }) => heapBytes,
    },
    {
      name: "realmgate_requests_in_progress",
      type: "gauge",
      help: "Requests that are under way.",
      value: ({ requests }) => requests,
    },
    {
      name: "realmgate_coherence_lease_held",
      type: "gauge",
      help: "Whether the isolate may answer from its caches.",
      value: ({ caches }) => caches.lease === "held",
    },
    {
      name: "realmgate_coherence_doubts",
      type: "gauge",
      help: "Writes of the fleet that are under way, whose tags the isolate reads from primaries.",
      value: ({ caches }) => caches.doubts,
    },
  ]),
  ...familiesOf(RAISED, [{
    name: "realmgate_alerts_raised",
    type: "gauge",
    help: "Alerts that are raised, by rule and severity; none is no sample.",
    value: () => 1,
  }]),
];
