import { errorsOf, type Ratio, ratioOf, type Round } from "../figures.ts";
import type { Workload } from "./workloads.ts";

/** What services did under one workload with one number of connections. */
export interface Comparison {
  readonly workload: Workload;
  readonly connections: number;
  readonly rows: readonly Row[];
}

/** What one service did. */
export interface Row {
  readonly name: string;
  readonly rounds: readonly Round[];
}

/**
 * Requests per second beside those of the service that all are compared with, round by round.
 *
 * @param baseline the name of that service
 * @returns nothing for that service itself, `invalid` where either had errors: its figures do not
 * count
 */
export function ratioInside(
  { rows }: Comparison,
  { row, baseline }: { readonly row: Row; readonly baseline: string },
): Ratio | "invalid" | undefined {
  if (row.name === baseline) return undefined;
  const theirs = rows.find(({ name }) => name === baseline)?.rounds ?? [];
  if (errorsOf(row.rounds) > 0 || errorsOf(theirs) > 0) return "invalid";
  return ratioOf(row.rounds, theirs, (round) => round.requestsPerSecond);
}
