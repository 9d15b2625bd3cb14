import type { Alert } from "../monitor/alert.ts";

/** An alert that was raised or cleared, as a stream of events tells it. */
export interface AlertChange {
  /** Unique for each change of each alert; what `Last-Event-ID` may name. */
  readonly id: string;
  /** Unix milliseconds. */
  readonly at: number;
  readonly alert: Alert;
}

/** The latest change of each alert, the oldest first. */
export function alertChanges(alerts: readonly Alert[]): readonly AlertChange[] {
  return alerts.map((alert) => ({
    id: `${alert.id}/${alert.state}`,
    at: alert.clearedAt ?? alert.raisedAt,
    alert,
  })).toSorted((a, b) => a.at - b.at);
}

/**
 * What somebody knows already who begins to listen: all, for a first view holds it; or, where they
 * name the last change that they were told of, what came before that. Where the alert that they heard
 * of last was cleared meanwhile, that is what came before it was raised.
 */
export function knownBefore(
  changes: readonly AlertChange[],
  lastId: string | null,
): ReadonlySet<string> {
  const named = changes.findIndex(({ id }) => id === lastId);
  if (named >= 0) return new Set(changes.slice(0, named + 1).map(({ id }) => id));
  const alertId = lastId?.slice(0, lastId.lastIndexOf("/"));
  const since = changes.find(({ alert }) => alert.id === alertId)?.alert.raisedAt ?? Infinity;
  return new Set(changes.filter(({ at }) => at <= since).map(({ id }) => id));
}
