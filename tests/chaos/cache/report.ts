import { table } from "../../bench/figures.ts";
import { type Findings, percent } from "./findings.ts";

const SOURCES = ["cache", "stale", "replica", "primary"];

const HEAD = [
  ...["fault", "system", "times", "writes", "reads", ...SOURCES, "cached when calm"],
  ...["bound ms", "worst ms", "beyond", "own writes lost", "worst when calm ms"],
  ...["longest read ms", "longest write ms"],
];

/** One row per fault and system. */
export function findingsTable(all: readonly Findings[]): string {
  const ms = (value: number) => String(Math.round(value));
  const figures = (one: Findings) => [
    one.fault,
    one.system === "realmgate" ? "Realmgate" : one.system,
    String(one.rounds),
    String(one.acknowledged),
    String(one.reads),
    ...SOURCES.map((source) => String(one.sources.get(source) ?? 0)),
    percent(one.cachedShare),
    `${one.promise} ${one.boundMs}`,
    ms(one.worstMs),
    String(one.stale),
    String(one.lostWrites),
    ms(one.worstHealthyMs),
    ms(one.longestReadMs),
    ms(one.longestWriteMs),
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
