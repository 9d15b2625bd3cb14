import { table } from "../../bench/figures.ts";
import type { Findings } from "./findings.ts";

const HEAD = [
  ...["fault", "locks", "times", "grants", "hand-overs", "overlaps", "fence faults"],
  ...["stale landed", "stale refused", "overtakes", "worst recovery ms", "commands/hand-over"],
];

/** One row per fault and system. */
export function findingsTable(all: readonly Findings[]): string {
  const figures = (one: Findings) => [
    one.fault,
    one.system === "control" ? "control" : "Realmgate",
    String(one.rounds),
    String(one.grants),
    String(one.handOvers),
    String(one.overlaps),
    one.system === "control" ? "-" : String(one.fenceFaults),
    String(one.staleWrites),
    one.system === "control" ? "-" : String(one.refusedWrites),
    String(one.overtakes),
    String(Math.round(one.worstRecoveryMs)),
    Number.isNaN(one.commandsPerHandOver) ? "-" : one.commandsPerHandOver.toFixed(1),
  ];
  return table([HEAD, ...all.map(figures)]);
}

/** What clients were told instead of what they asked for, one line per phase that has some. */
export function failuresText(all: readonly Findings[]): string {
  return all.filter(({ failures }) => failures.size > 0).map(({ fault, system, failures }) => {
    const counts = [...failures].map(([what, times]) => `${what} × ${times}`).join(", ");
    return `${fault}, ${system}: ${counts}`;
  }).join("\n");
}
