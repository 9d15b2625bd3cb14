import type { Random } from "../../core/random.ts";
import type { Alert } from "../alert.ts";
import { type EngineState, type Episode, idOf } from "./alert_state.ts";
import type { Condition, Findings } from "./condition.ts";
import { explanationOf, unexplained } from "./explained.ts";
import type { Inhibitions } from "./explanation.ts";
import { Flaps } from "./flaps.ts";
import { INHIBITIONS } from "./inhibition.ts";
import { mergeStates } from "./merge_states.ts";
import { type AllRuleSettings, RULES } from "./rule_settings.ts";

/** That an alert was raised, or is over. Each alert is told of once, and once more at most. */
export interface Notice {
  readonly kind: "raised" | "cleared";
  readonly alert: Alert;
  /** Whether it may have been told before, by another process. @default {false} */
  readonly again?: boolean;
}

/** What an engine is made of. */
export interface AlertEngineOptions {
  readonly settings: AllRuleSettings;
  /** Where the alerts' ids come from. */
  readonly random: Random;
  /** What explains what. @default {INHIBITIONS} */
  readonly inhibitions?: Inhibitions;
}

/** Alerts that are raised at once, at most; what comes on top of them waits. */
export const MAX_RAISED = 100;
/** Conditions that are followed at once, at most; the first rules' go first. */
const MAX_EPISODES = 500;
/** Alerts that are over are shown for an hour, and the newest of them only. */
const HISTORY_MS = 3_600_000;
const MAX_HISTORY = 200;
/** For how long what flaps must be over. */
const CALM_MS = 300_000;

/**
 * Makes alerts of what the rules find. A condition raises an alert once it has held for its rule's
 * time with no pause as long as that, and nothing explains it; the alert is over once the condition
 * was for its rule's time. One that was raised three times in ten minutes is flapping: it stays
 * raised until it was calm for five minutes, so that who is told of alerts is not told of each turn.
 *
 * All times are passed in, so that the same findings make the same alerts.
 *
 * @example
 * ```ts
 * import { AlertEngine } from "./alert_engine.ts";
 * import { RULE_DEFAULTS } from "./rule_settings.ts";
 * import { seededRandom } from "../../core/random.ts";
 * import { assertEquals } from "@std/assert";
 *
 * const engine = new AlertEngine({ settings: RULE_DEFAULTS, random: seededRandom(1) });
 * const down = {
 *   rule: "node_down",
 *   key: "s1b",
 *   subject: { shard: "s1", node: "s1b" },
 *   place: { shards: ["s1"], node: "s1b" },
 *   severity: "warning",
 *   summary: "s1b is down",
 *   advice: "Start it again.",
 *   value: null,
 *   threshold: null,
 *   raises: true,
 * } as const;
 * const look = (now: number) => engine.tick({ conditions: [down], unknown: new Set() }, now);
 * assertEquals([0, 2_000, 4_000, 6_000].map((now) => look(now).length), [0, 0, 1, 0]);
 * ```
 */
export class AlertEngine {
  readonly #options: AlertEngineOptions;
  #episodes = new Map<string, Episode>();
  #history: readonly Alert[] = [];
  readonly #flaps = new Flaps();
  #revision = 0;

  constructor(options: AlertEngineOptions) {
    this.#options = options;
  }

  /** Grows with each alert that is raised or over: then others should learn of the state. */
  get revision(): number {
    return this.#revision;
  }

  /** What is raised, and what was in the last hour; the newest first. */
  get alerts(): readonly Alert[] {
    return [...this.#raised(), ...this.#history].sort((a, b) => b.raisedAt - a.raisedAt);
  }

  /** All that it knows, for another engine. */
  export(): EngineState {
    return {
      episodes: [...this.#episodes.values()],
      history: this.#history,
      raises: this.#flaps.export(),
    };
  }

  /** Takes over what another engine knew, in place of its own. */
  import(state: EngineState): void {
    this.#episodes = new Map(
      state.episodes.slice(0, MAX_EPISODES).map((one) => [idOf(one.condition), one]),
    );
    this.#history = state.history.slice(0, MAX_HISTORY);
    this.#flaps.import(state.raises);
    this.#revision++;
  }

  /**
   * Takes over what another engine knew beside its own: of an alert that both have, what is over is
   * over; of two for the same condition the older one stays.
   *
   * @param now Unix milliseconds
   * @returns its own alerts that are over by that
   */
  merge(state: EngineState, now: number): readonly Notice[] {
    const own = this.export();
    const { merged, ended } = mergeStates(own, { theirs: state, now });
    this.import(merged);
    return ended.map((alert) => ({ kind: "cleared", alert }));
  }

  /**
   * Takes in what the rules have found.
   *
   * @param now Unix milliseconds
   * @returns what is to be told, in the order in which it happened
   */
  tick(found: Findings, now: number): readonly Notice[] {
    const notices: Notice[] = [];
    const seen = this.#see(found, now);
    const consequences = new Map<string, string[]>();
    for (const rule of RULES) {
      for (const [id, episode] of this.#episodes) {
        if (episode.condition.rule !== rule) continue;
        const judged = seen.has(id)
          ? this.#judge(episode, { now, consequences })
          : this.#pause(episode, now);
        this.#episodes.set(id, judged);
        if (judged.alert !== null && episode.alert === null) {
          notices.push({ kind: "raised", alert: judged.alert });
        }
      }
    }
    this.#describe(consequences);
    for (const alert of this.#end(seen, now)) notices.push({ kind: "cleared", alert });
    this.#forget(now);
    if (notices.length > 0) this.#revision++;
    return notices;
  }

  *#raised(): Generator<Alert> {
    for (const { alert } of this.#episodes.values()) if (alert !== null) yield alert;
  }

  /**
   * Notes what is the case now. What is not known now is taken to be as it was.
   *
   * @returns what is the case, by its name
   */
  #see({ conditions, unknown }: Findings, now: number): ReadonlySet<string> {
    const seen = new Set<string>();
    for (const condition of conditions) {
      const id = idOf(condition);
      const before = this.#episodes.get(id);
      if (before === undefined && (!condition.raises || this.#episodes.size >= MAX_EPISODES)) {
        continue;
      }
      // What has not raised yet must be over its threshold; what has, far enough below it.
      if (before?.alert === null && !condition.raises) continue;
      const { heldSince = null, explained = {}, alert = null } = before ?? {};
      this.#episodes.set(id, { condition, seenAt: now, heldSince, explained, alert });
      seen.add(id);
    }
    for (const [id, episode] of this.#episodes) {
      if (unknown.has(episode.condition.rule)) this.#episodes.set(id, { ...episode, seenAt: now });
    }
    return seen;
  }

  #judge(
    episode: Episode,
    { now, consequences }: {
      readonly now: number;
      readonly consequences: Map<string, string[]>;
    },
  ): Episode {
    const { condition, alert } = episode;
    const { settings, inhibitions = INHIBITIONS } = this.#options;
    const { forMs } = settings[condition.rule];
    const episodes = this.#episodes.values();
    const { explained, causes } = explanationOf(episode, { episodes, inhibitions, now });
    const left = unexplained(condition, { explained, settings });
    if (alert !== null) return { ...episode, explained };
    if (left === undefined || !left.raises) {
      for (const { condition: cause } of causes) {
        const list = consequences.get(idOf(cause)) ?? [];
        consequences.set(idOf(cause), [...list, named(condition)]);
      }
      return { ...episode, explained, heldSince: null };
    }
    const heldSince = Math.min(episode.heldSince ?? now, now);
    const due = now - heldSince >= forMs && [...this.#raised()].length < MAX_RAISED;
    return { ...episode, explained, heldSince, alert: due ? this.#raise(left, now) : null };
  }

  /** One that is not the case now: a pause that is shorter than it has to hold is none. */
  #pause(episode: Episode, now: number): Episode {
    const { condition: { rule }, seenAt } = episode;
    const { forMs } = this.#options.settings[rule];
    // A clock that was set back must not make it last.
    const next = { ...episode, seenAt: Math.min(seenAt, now) };
    return now - seenAt < forMs ? next : { ...next, heldSince: null };
  }

  #raise(condition: Condition, now: number): Alert {
    const { rule, subject, severity, summary, advice, value, threshold } = condition;
    return {
      id: this.#options.random.token(),
      rule,
      severity,
      state: "raised",
      subject,
      summary,
      advice,
      value,
      threshold,
      raisedAt: now,
      clearedAt: null,
      flapping: this.#flaps.raised(idOf(condition), now),
    };
  }

  /** Brings what is raised up to date with what it is about now. */
  #describe(consequences: ReadonlyMap<string, readonly string[]>): void {
    for (const [id, episode] of this.#episodes) {
      const { alert, condition } = episode;
      if (alert === null) continue;
      const { severity, advice, value, threshold } = condition;
      const effects = [...new Set(consequences.get(id))].slice(0, 5);
      const summary = effects.length === 0
        ? condition.summary
        : `${condition.summary}; it explains ${effects.join(", ")}`;
      const renewed = { ...alert, severity, summary, advice, value, threshold };
      this.#episodes.set(id, { ...episode, alert: renewed });
    }
  }

  /** Ends what has been over for long enough. */
  #end(seen: ReadonlySet<string>, now: number): readonly Alert[] {
    const ended: Alert[] = [];
    for (const [id, { condition, seenAt, alert }] of this.#episodes) {
      const { clearMs } = this.#options.settings[condition.rule];
      const quietMs = alert?.flapping === true ? Math.max(CALM_MS, clearMs) : clearMs;
      if (seen.has(id) || now - seenAt < quietMs) continue;
      this.#episodes.delete(id);
      if (alert !== null) ended.push({ ...alert, state: "cleared", clearedAt: now });
    }
    this.#history = [...ended.toReversed(), ...this.#history];
    return ended;
  }

  #forget(now: number): void {
    this.#history = this.#history.filter(({ clearedAt }) => now - (clearedAt ?? 0) < HISTORY_MS)
      .slice(0, MAX_HISTORY);
  }
}

/** An effect, for the summary of its cause. */
function named({ rule, subject }: Condition): string {
  const what = subject.statement ?? subject.node ?? subject.table ?? subject.shard;
  return what === undefined ? rule : `${rule} of ${what}`;
}
