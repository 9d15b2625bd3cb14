import type { StaleRead } from "./check_staleness.ts";
import type { RequestEvent } from "./events.ts";

/** A read that was too old, in a line. */
export function describeStale({ read, missed, ms }: StaleRead): string {
  const answered = `version ${read.version} from ${read.source} at ${read.startedAt.toFixed(1)}`;
  const known = missed.acknowledgedOn === undefined ? "seen" : `from ${missed.acknowledgedOn}`;
  return `${describe(read)} answered ${answered}, ${missed.version} was known (${known}) for ` +
    `${ms.toFixed(1)} ms`;
}

/** A request that hung, in a line. */
export function describeHung(request: RequestEvent): string {
  const { outcome, startedAt, endedAt } = request;
  const lasted = Math.round(endedAt - startedAt);
  return `${describe(request)} at ${startedAt.toFixed(1)} was ${outcome} after ${lasted} ms`;
}

function describe({ key, statement, form, connection }: RequestEvent): string {
  return `${statement} ${key} (${form}) on ${connection}`;
}
