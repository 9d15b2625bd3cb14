import { errorsOf, figureCells, FIGURES, showRatio, table } from "../figures.ts";
import type { About } from "./about.ts";
import { type Comparison, ratioInside } from "./results.ts";

/** What one has to know to read the figures; sentences of Markdown. */
export const NOTES: readonly string[] = [
  "All services run in the same minutes on the same servers: two shards, each a durable MariaDB " +
  "primary with a semi-synchronous replica, and Redis. Each has the same number of isolates or " +
  "processes on one port (Deno: isolates of one process; Node: a cluster), and at most 8 " +
  "connections to a primary from each. wrk, the services and the servers share the machine.",
  "No peer has coherent caches: a cache of its own would answer what another process has " +
  "overwritten. That is what Realmgate adds, and YCSB measures it with caches on. A peer reads " +
  "the primary each time; so does Realmgate past its caches. With caches, what is missing is read " +
  "from replicas. No peer checks keys, deadlines or roles of databases.",
  "Each round gives every service the same sequence of requests, drawn in advance, one after " +
  "another; the order of the services turns. Closed loop: a connection sends its next request " +
  "when the last was answered; an answer of status 400 or more, or one that takes over 2 s, is an " +
  "error. Ratios are of requests/s, taken round by round: median, least and greatest. Percentiles " +
  "are wrk's, which adds the requests that a slow answer kept from being sent (coordinated " +
  "omission): with one connection, few slow writes among fast reads show in the median too.",
  "Unlike YCSB's: a record is a row of six columns, about 60 bytes, instead of 10 fields of 100 " +
  "bytes, there are 10,000 of them, and an update adds 1 to two columns instead of replacing one " +
  "field. Keys are drawn as YCSB draws them: zipfian with the constant 0.99 over 10^10 items, " +
  "scattered by FNV.",
  "Platformatic maps one database, so its app routes by the key to a mapper for each shard. Its " +
  "generated routes cannot add to a column; the update is a route of one's own over its pool.",
  "Realmgate's caches are filled before, and keep what they read for 10 minutes instead of the " +
  "example's 30 s, since the rounds of all others lie between its own. Writes still drop it at once.",
  "Realmgate lets 32 callers wait for each connection of a pool in these runs, instead of 4: its " +
  "default refuses what 256 connections ask for beyond that, where the peers' queues have no end.",
];

/** One comparison as a table of Markdown. */
export function comparisonTable(comparison: Comparison, baseline: string): string {
  return table([
    [...FIGURES, "ratio"],
    ...comparison.rows.map((row) => [
      row.name + (errorsOf(row.rounds) > 0 ? " (had errors: does not count)" : ""),
      ...figureCells(row.rounds),
      ratioCell(comparison, { row, baseline }),
    ]),
  ]);
}

function ratioCell(...of: Parameters<typeof ratioInside>): string {
  const ratio = ratioInside(...of);
  if (ratio === undefined) return "1";
  if (ratio === "invalid") return "does not count";
  return showRatio(ratio);
}

/** The whole report, in Markdown. @param options.chart the file of the chart, beside it */
export function report(
  comparisons: readonly Comparison[],
  options: { readonly about: About; readonly baseline: string; readonly chart: string },
): string {
  const { about, baseline, chart } = options;
  const { date, machine, versions, run } = about;
  const workloads = [...new Set(comparisons.map(({ workload }) => workload))];
  return [
    "# Realmgate beside what one would pick instead",
    `Made by \`deno task bench:peers\` on ${date}. ${run}. The machine: ${machine}. ${versions}.`,
    `![Requests per second of all services](${chart})`,
    NOTES.map((note) => `- ${note}`).join("\n"),
    ...workloads.flatMap((workload) => [
      `## ${workload.title}`,
      ...comparisons.filter((one) => one.workload === workload).flatMap((one) => [
        connectionsText(one.connections),
        comparisonTable(one, baseline),
      ]),
    ]),
  ].join("\n\n") + "\n";
}

/** As in "32 connections". */
export function connectionsText(connections: number): string {
  return connections === 1 ? "1 connection" : `${connections} connections`;
}
