import type { LockStats } from "../../locks/lock_stats.ts";
import { familiesOf, type Family, type Subject } from "./family.ts";
import { seconds } from "./units.ts";

/** Locks have no labels: their names come from requests. */
const LOCKS: Subject<LockStats> = {
  each: ({ processes }) => processes.flatMap(({ isolates }) => isolates.map(({ locks }) => locks)),
  labels: [],
  told: () => [],
};

/** What the process did with locks. */
export const LOCK_FAMILIES: readonly Family[] = familiesOf(LOCKS, [
  {
    name: "realmgate_locks_granted_total",
    type: "counter",
    help: "Grants that were handed out.",
    value: ({ granted }) => granted,
  },
  {
    name: "realmgate_locks_granted_after_wait_total",
    type: "counter",
    help: "Grants that had waited in a queue.",
    value: ({ grantedAfterWait }) => grantedAfterWait,
  },
  {
    name: "realmgate_locks_replayed_total",
    type: "counter",
    help: "Grants that a repeated request was given again.",
    value: ({ replayed }) => replayed,
  },
  {
    name: "realmgate_locks_refused_total",
    type: "counter",
    help: "Answers that somebody else holds the lock.",
    value: ({ refused }) => refused,
  },
  {
    name: "realmgate_locks_renewed_total",
    type: "counter",
    help: "Renewals.",
    value: ({ renewed }) => renewed,
  },
  {
    name: "realmgate_locks_lost_total",
    type: "counter",
    help: "Renewals that came too late.",
    value: ({ lost }) => lost,
  },
  {
    name: "realmgate_locks_released_total",
    type: "counter",
    help: "Locks that were given up.",
    value: ({ released }) => released,
  },
  {
    name: "realmgate_locks_expired_total",
    type: "counter",
    help: "Grants whose holder before had let the lock expire.",
    value: ({ expired }) => expired,
  },
  {
    name: "realmgate_locks_withdrawn_total",
    type: "counter",
    help: "Attempts that were taken back: their client left, or Redis did not answer.",
    value: ({ withdrawn }) => withdrawn,
  },
  {
    name: "realmgate_lock_wait_seconds_total",
    type: "counter",
    help: "How long those that were granted had waited, all together.",
    value: ({ waitedMs }) => seconds(waitedMs),
  },
  {
    name: "realmgate_locks_waiting",
    type: "gauge",
    help: "Attempts that wait.",
    value: ({ waiting }) => waiting,
  },
  {
    name: "realmgate_locks_withdrawing",
    type: "gauge",
    help: "Attempts that are taken back, of which Redis has not heard yet.",
    value: ({ withdrawing }) => withdrawing,
  },
]);
