import type { Episode } from "./alert_state.ts";
import type { Condition } from "./condition.ts";
import { explains, type Inhibitions, lingerOf } from "./explanation.ts";
import { errorLevel } from "./load_rules.ts";
import type { AllRuleSettings } from "./rule_settings.ts";

/** What explains all of a condition that has no failures. */
const WHOLE = "*";

/** What is known of an episode's explanation. */
export interface Explanation {
  readonly explained: Episode["explained"];
  /** The episodes that explain something of it now. */
  readonly causes: readonly Episode[];
}

/** What explains an episode now, among all that are not over, and what has explained it lately. */
export function explanationOf(
  episode: Episode,
  { episodes, inhibitions, now }: {
    readonly episodes: Iterable<Episode>;
    readonly inhibitions: Inhibitions;
    readonly now: number;
  },
): Explanation {
  const explained = Object.fromEntries(
    Object.entries(episode.explained).filter(([, until]) => until > now),
  );
  const causes: Episode[] = [];
  for (const cause of episodes) {
    for (const entry of inhibitions[cause.condition.rule]) {
      if (entry.raised === true && cause.alert === null) continue;
      const pair = { cause: cause.condition, effect: episode.condition };
      if (!explains(entry, pair)) continue;
      if (!concerns(entry.codes, episode.condition)) continue;
      // One that flaps is there for minutes after it was last the case.
      const until = cause.seenAt + lingerOf(entry);
      if (cause.seenAt < now && until <= now) continue;
      causes.push(cause);
      for (const part of entry.codes ?? [WHOLE]) {
        explained[part] = Math.max(explained[part] ?? 0, until);
      }
    }
  }
  return { explained, causes };
}

/** What is left of a condition without what is explained of it; `undefined` where nothing is. */
export function unexplained(
  condition: Condition,
  { explained, settings }: {
    readonly explained: Episode["explained"];
    readonly settings: AllRuleSettings;
  },
): Condition | undefined {
  if (explained[WHOLE] !== undefined) return undefined;
  const { failures } = condition;
  if (failures === undefined) return condition;
  const byCode = Object.fromEntries(
    Object.entries(failures.byCode).filter(([code]) => explained[code] === undefined),
  );
  const found = errorLevel({ calls: failures.calls, byCode }, settings);
  return found === undefined ? undefined : { ...condition, ...found };
}

function concerns(codes: readonly string[] | undefined, { failures }: Condition): boolean {
  if (codes === undefined || failures === undefined) return true;
  return codes.some((code) => (failures.byCode[code] ?? 0) > 0);
}
