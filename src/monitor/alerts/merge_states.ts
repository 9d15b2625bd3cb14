import type { Alert } from "../alert.ts";
import { type EngineState, type Episode, idOf } from "./alert_state.ts";

/** Two engines' knowledge as one. */
export interface MergedStates {
  readonly merged: EngineState;
  /** Alerts of the first engine that are over, since the other's alert for the same is older. */
  readonly ended: readonly Alert[];
}

/**
 * Joins what two engines know, as after a time in which they did not hear each other. Of an alert
 * that both know, what is over is over; of two for the same condition the older stays.
 *
 * @param options.now Unix milliseconds
 */
export function mergeStates(
  own: EngineState,
  { theirs, now }: { readonly theirs: EngineState; readonly now: number },
): MergedStates {
  const over = new Map([...theirs.history, ...own.history].map((alert) => [alert.id, alert]));
  const ended: Alert[] = [];
  const episodes = new Map<string, Episode>();
  for (const episode of [...own.episodes, ...theirs.episodes]) {
    const { alert } = episode;
    const id = idOf(episode.condition);
    const known = episodes.get(id);
    const stands = alert !== null && over.has(alert.id) ? { ...episode, alert: null } : episode;
    if (known === undefined || stands.alert === null) {
      if (known === undefined) episodes.set(id, stands);
      continue;
    }
    if (known.alert === null) episodes.set(id, { ...known, alert: stands.alert });
    else if (stands.alert.raisedAt < known.alert.raisedAt) {
      const cleared: Alert = { ...known.alert, state: "cleared", clearedAt: now };
      over.set(cleared.id, cleared);
      ended.push(cleared);
      episodes.set(id, { ...known, alert: stands.alert });
    }
  }
  const history = [...over.values()].sort((a, b) => (b.clearedAt ?? 0) - (a.clearedAt ?? 0));
  return {
    merged: {
      episodes: [...episodes.values()],
      history,
      raises: { ...theirs.raises, ...own.raises },
    },
    ended,
  };
}
