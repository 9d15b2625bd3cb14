import type { ProcessReport } from "../fleet_view.ts";
import type { AlertFacts, Past } from "./alert_facts.ts";
import { type Condition, level, listed, UNMEASURED } from "./condition.ts";
import type { AllRuleSettings } from "./rule_settings.ts";

/** How long an isolate may take to hear the fleet for the first time, in milliseconds. */
const START_MS = 10_000;

/** What is wrong with processes and with what they share through Redis. */
export function processConditions(
  { view }: AlertFacts,
  { past, settings }: { readonly past: Past; readonly settings: AllRuleSettings },
): Condition[] {
  const { alive = [], silent = [] } = Object.groupBy(view.processes, ({ state }) => state);
  return [
    redisDown(alive),
    isolateLost(silent),
    coherenceLost(alive),
    lockExpired(past, settings),
  ].filter((found) => found !== undefined);
}

/** One Redis is one fault, however many processes miss it. */
function redisDown(alive: readonly ProcessReport[]): Condition | undefined {
  const without = alive.filter(({ redisUp }) => !redisUp);
  if (without.length === 0) return undefined;
  return {
    rule: "redis_down",
    key: "",
    subject: without.length === 1 && alive.length > 1 ? { process: without[0]?.id ?? "" } : {},
    place: { shards: ["*"] },
    ...UNMEASURED,
    severity: "critical",
    summary: `Redis does not answer ${
      listed(without.map(nameOf))
    }: caches, locks and new ids stand`,
    advice: "Look at the Redis server, its Sentinels and the network to them.",
  };
}

/** One condition for all of them: each start is another process, and one may die again and again. */
function isolateLost(silent: readonly ProcessReport[]): Condition | undefined {
  const [only, second] = silent;
  if (only === undefined) return undefined;
  const one = second === undefined;
  const last = Math.min(...silent.map(({ ageMs }) => ageMs));
  return {
    rule: "isolate_lost",
    key: "",
    subject: one ? { process: only.id } : {},
    place: { shards: ["*"] },
    ...UNMEASURED,
    severity: "warning",
    summary: `${listed(silent.map(nameOf))} ${one ? "was" : "were"} not heard for ` +
      `${Math.round(last / 1_000)} s${one ? "" : " and more"}`,
    advice: "Look whether the process hangs or was killed, and at its last lines in the log.",
  };
}

/** One condition for all isolates: the log of the caches is one, and so is what it stands on. */
function coherenceLost(alive: readonly ProcessReport[]): Condition | undefined {
  const without = alive.flatMap((process) =>
    process.isolates.filter(({ caches, startedAt }) =>
      caches.lease === "lost" && process.at - startedAt > START_MS
    ).map((isolate) => ({ process, isolate }))
  );
  const [only, second] = without;
  if (only === undefined) return undefined;
  const one = second === undefined;
  return {
    rule: "coherence_lost",
    key: "",
    subject: one ? { process: only.process.id, isolate: only.isolate.name } : {},
    place: { shards: ["*"] },
    ...UNMEASURED,
    severity: "warning",
    summary: "caches do not answer, since they cannot be kept coherent: " +
      listed(without.map(({ process, isolate }) => `${isolate.name} of ${nameOf(process)}`)),
    advice:
      "Look whether Redis refuses commands (its memory, its log), and whether these isolates " +
      "have the CPU that they need.",
  };
}

function lockExpired(
  { expired }: Past,
  settings: AllRuleSettings,
): Condition | undefined {
  const { threshold } = settings.lock_expired;
  const found = threshold === null ? undefined : level(expired, Math.max(threshold, 1));
  if (found === undefined) return undefined;
  return {
    rule: "lock_expired",
    key: "",
    subject: {},
    place: { shards: ["*"] },
    ...found,
    severity: "warning",
    summary: `${expired} locks ran out in the last half minute while they were held`,
    advice: "Their holders died, or renewed too late: renew at a third of ttlMs, and let writes " +
      "carry their fence.",
  };
}

function nameOf({ host, pid }: ProcessReport): string {
  return `${host}:${pid}`;
}
