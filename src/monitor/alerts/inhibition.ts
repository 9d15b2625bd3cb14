import type { Inhibition, Inhibitions } from "./explanation.ts";

/** Plans are looked at every ten minutes at the latest, and others hear of it up to a minute later. */
const PLANS_MS = 900_000;

/** What calls of a shard fail with that cannot reach a server of it. */
const UNREACHED = [
  "shard_unavailable",
  "no_primary",
  "deadline_exceeded",
  "write_outcome_unknown",
  "pool_saturated",
  "overloaded",
];
const LATE = ["deadline_exceeded", "pool_saturated", "overloaded"];
const WITHOUT_REDIS = ["redis_unavailable", "lock_outcome_unknown", ...LATE];

/** Which condition explains which, by the cause's rule: so that one fault raises one alert. */
export const INHIBITIONS: Inhibitions = {
  redis_down: [
    { effect: "coherence_lost", where: "fleet", why: "the log of the caches is in Redis" },
    { effect: "isolate_lost", where: "fleet", why: "processes hear each other through Redis" },
    { effect: "lock_expired", where: "fleet", why: "nobody could renew" },
    { effect: "pool_saturated", where: "fleet", why: "without caches, reads go to the primaries" },
    { effect: "statement_slow", where: "fleet", why: "without caches, reads go to the primaries" },
    failures("fleet", {
      codes: WITHOUT_REDIS,
      why: "locks and ids need Redis; reads go past the caches",
    }),
  ],
  isolate_lost: [
    { effect: "coherence_lost", where: "fleet", why: "a process that was stopped lost its lease" },
    { effect: "lock_expired", where: "fleet", why: "renewals on their way to it were lost" },
  ],
  node_down: [
    // It is also the one that lasts: a shard has another primary long before the server is back.
    { effect: "no_primary", where: "node", why: "the server that is down was the primary" },
    {
      effect: "replication_stopped",
      where: "shard",
      why: "nothing comes from a primary that is down",
    },
    { effect: "replication_lag", where: "shard", why: "a server that comes back has to catch up" },
    { effect: "semi_sync_inactive", where: "shard", why: "there is no replica left to wait for" },
    {
      effect: "pool_saturated",
      where: "shard",
      why: "callers wait for it, or for those that are left",
    },
    { effect: "connections_near_limit", where: "shard", why: "the others take its load" },
    { effect: "statement_slow", where: "shard", why: "the others take its load, unprepared" },
    failures("shard", { codes: UNREACHED, why: "calls were on the server, or wait for a primary" }),
  ],
  split_brain: [
    { effect: "no_primary", where: "shard", why: "a shard that is mended has none for a moment" },
    {
      effect: "replication_stopped",
      where: "shard",
      why: "a writable server follows nobody for long",
    },
    { effect: "replication_lag", where: "shard", why: "what it is measured against is open" },
    { effect: "semi_sync_inactive", where: "shard", why: "the servers were told other roles" },
    failures("shard", { codes: ["split_brain", ...UNREACHED], why: "the shard refuses all calls" }),
  ],
  no_primary: [
    { effect: "replication_stopped", where: "shard", why: "replicas change to the new primary" },
    { effect: "semi_sync_inactive", where: "shard", why: "replicas change to the new primary" },
    {
      effect: "pool_saturated",
      where: "shard",
      why: "what waited for a primary comes all at once",
    },
    failures("shard", { codes: UNREACHED, why: "writes wait for a primary" }),
  ],
  replication_stopped: [
    { effect: "replication_lag", where: "node", why: "who does not apply falls behind" },
    { effect: "semi_sync_inactive", where: "shard", why: "who receives nothing confirms nothing" },
    failures("shard", { codes: UNREACHED, why: "reads have one server less" }),
  ],
  connections_near_limit: [
    { effect: "pool_saturated", where: "node", why: "the server lets nobody in" },
    failures("shard", { codes: UNREACHED, why: "the server lets nobody in" }),
  ],
  replication_lag: [
    failures("shard", { codes: ["shard_unavailable", ...LATE], why: "reads have one server less" }),
  ],
  plan_change: [
    {
      effect: "plan_change",
      where: "reason",
      raised: true,
      why: "an index that is gone had many users",
    },
    { effect: "statement_slow", where: "statement", raised: true, why: "it is slow by its plan" },
    failures("statement", { codes: LATE, why: "a bad plan takes long" }),
  ],
  pool_saturated: [
    {
      effect: "statement_slow",
      where: "shard",
      raised: true,
      why: "who waits for one holder is slow",
    },
    {
      effect: "plan_change",
      where: "shard",
      raised: true,
      lingerMs: PLANS_MS,
      why: "a bad plan kept the connections, and is looked at later",
    },
    failures("shard", { codes: LATE, why: "callers that get no connection are refused, or late" }),
  ],
  statement_slow: [
    { effect: "statement_slow", where: "whole", why: "the shard is slow, not its statements" },
    {
      effect: "plan_change",
      where: "statement",
      raised: true,
      lingerMs: PLANS_MS,
      why: "it is slow by its plan, which is looked at later",
    },
    {
      effect: "plan_change",
      where: "whole",
      raised: true,
      lingerMs: PLANS_MS,
      why: "many are slow by plans that became worse together",
    },
    {
      effect: "pool_saturated",
      where: "shard",
      raised: true,
      why: "slow queries keep connections",
    },
    failures("shard", { codes: LATE, why: "slow queries are late, and keep connections" }),
  ],
  error_rate: [
    { effect: "error_rate", where: "statement", raised: true, why: "it fails wherever it runs" },
  ],
  semi_sync_inactive: [],
  coherence_lost: [],
  lock_expired: [],
  partition_missing: [],
};

/** Failures are counted over a minute or so, which begins before their cause is over. */
function failures(
  where: Inhibition["where"],
  { codes, why }: { readonly codes: readonly string[]; readonly why: string },
): Inhibition {
  return { effect: "error_rate", where, codes, lingerMs: 90_000, why };
}
