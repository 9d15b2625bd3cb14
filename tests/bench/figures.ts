/** One measured round of one service. */
export interface Round {
  readonly requestsPerSecond: number;
  readonly p50Ms: number;
  readonly p99Ms: number;
  /** CPU time of the service and of the databases, per request. */
  readonly serviceMicros: number;
  readonly databaseMicros: number;
  readonly errors: number;
}

/** The middle of some numbers; the mean of the two in the middle if their count is even. */
export function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = sorted.length >> 1;
  const upper = sorted[middle] ?? NaN;
  return sorted.length % 2 === 1 ? upper : ((sorted[middle - 1] ?? NaN) + upper) / 2;
}

/** The headings of {@linkcode figureCells}, after one for the row's name. */
export const FIGURES: readonly string[] = [
  "",
  "requests/s",
  "p50 ms",
  "p99 ms",
  "service µs/req",
  "database µs/req",
  "errors",
];

/** One service's rounds as a table shows them: medians, and the sum of the errors. */
export function figureCells(rounds: readonly Round[]): string[] {
  const middle = (pick: (round: Round) => number) => median(rounds.map(pick));
  return [
    middle((r) => r.requestsPerSecond).toFixed(0),
    middle((r) => r.p50Ms).toFixed(2),
    middle((r) => r.p99Ms).toFixed(2),
    middle((r) => r.serviceMicros).toFixed(1),
    middle((r) => r.databaseMicros).toFixed(1),
    String(errorsOf(rounds)),
  ];
}

/** Errors of all rounds together. */
export function errorsOf(rounds: readonly Round[]): number {
  return rounds.reduce((sum, round) => sum + round.errors, 0);
}

/** A ratio that was taken round by round: its median, and its extremes. */
export interface Ratio {
  readonly low: number;
  readonly middle: number;
  readonly high: number;
}

/** Compares two services round by round, by one of their figures. */
export function ratioOf(
  ours: readonly Round[],
  theirs: readonly Round[],
  pick: (round: Round) => number,
): Ratio {
  const ratios = ours.map((round, at) => pick(round) / pick(theirs[at] as Round));
  return { low: Math.min(...ratios), middle: median(ratios), high: Math.max(...ratios) };
}

/** {@linkcode ratioOf} as text. */
export function ratioText(...of: Parameters<typeof ratioOf>): string {
  return showRatio(ratioOf(...of));
}

/** A ratio as text: the median, and the extremes behind it. */
export function showRatio({ low, middle, high }: Ratio): string {
  return `${middle.toFixed(2)} (${low.toFixed(2)} to ${high.toFixed(2)})`;
}

/** A table in Markdown, its columns aligned for a terminal too. */
export function table(rows: readonly (readonly string[])[]): string {
  const widths = (rows[0] ?? []).map((_, column) =>
    Math.max(...rows.map((row) => (row[column] ?? "").length))
  );
  const lines = rows.map((row) =>
    `| ${row.map((cell, column) => cell.padEnd(widths[column] ?? 0)).join(" | ")} |`
  );
  lines.splice(1, 0, `|${widths.map((width) => "-".repeat(width + 2)).join("|")}|`);
  return lines.join("\n");
}
