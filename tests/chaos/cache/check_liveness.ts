import type { Disturbance, RequestEvent } from "./events.ts";

/**
 * Finds requests that were left without an answer though their process ran all the time: they hung
 * on something that no request may wait for.
 */
export function findHung(
  requests: readonly RequestEvent[],
  disturbances: readonly Disturbance[],
): RequestEvent[] {
  return requests.filter((request) =>
    (request.outcome === "unanswered" || request.outcome === "closed") &&
    !disturbances.some(({ from, to, processes }) =>
      processes.includes(request.process) && from <= request.endedAt && to >= request.startedAt
    )
  );
}

/** The longest that a request took which got an answer from a process that ran all the time. */
export function longestMs(
  requests: readonly RequestEvent[],
  disturbances: readonly Disturbance[],
): number {
  const undisturbed = requests.filter(({ process, startedAt, endedAt }) =>
    !disturbances.some(({ from, to, processes }) =>
      processes.includes(process) && from <= endedAt && to >= startedAt
    )
  );
  return undisturbed.reduce(
    (most, { startedAt, endedAt }) => Math.max(most, endedAt - startedAt),
    0,
  );
}
