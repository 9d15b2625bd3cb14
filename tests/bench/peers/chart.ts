import { errorsOf, median } from "../figures.ts";
import type { About } from "./about.ts";
import { connectionsText } from "./report.ts";
import { type Comparison, ratioInside, type Row } from "./results.ts";

const WIDTH = 1_000;
const MARGIN = 20;
/** Where the names of the services end and the panels begin. */
const NAMES = 200;
/** The most that a bar takes of its panel; its figures stand behind it. */
const BAR = 0.5;
const LINE = 18;

/** Colours for light and dark pages; the background is the chart's own. */
const STYLE = `
.page { fill: #ffffff } text { fill: #1f2328; font: 12px system-ui, sans-serif }
.heading { font-weight: 600; font-size: 13px } .muted { fill: #59636e; font-size: 11px }
.ours { fill: #0969da } .baseline { fill: #59636e } .other { fill: #afb8c1 }
@media (prefers-color-scheme: dark) {
.page { fill: #0d1117 } text { fill: #e6edf3 } .muted { fill: #9198a1 }
.ours { fill: #4493f8 } .baseline { fill: #9198a1 } .other { fill: #57606a }
}
`;

/**
 * The requests per second of all services as an SVG: a row of bars for each, grouped by workload,
 * a panel for each number of connections. Each group in each panel has a scale of its own, since
 * reads and writes differ by more than a screen's width.
 */
export function chart(
  comparisons: readonly Comparison[],
  options: { readonly about: About; readonly baseline: string },
): string {
  const { about, baseline } = options;
  const columns = [...new Set(comparisons.map(({ connections }) => connections))];
  const workloads = [...new Set(comparisons.map(({ workload }) => workload))];
  const panel = (WIDTH - MARGIN - NAMES) / columns.length;
  const left = (connections: number) => NAMES + columns.indexOf(connections) * panel;
  const shapes: string[] = [
    text("Requests per second", { x: MARGIN, y: 30, kind: "heading" }),
    ...columns.map((one) => text(connectionsText(one), { x: left(one), y: 30, kind: "heading" })),
  ];
  let y = 60;
  for (const workload of workloads) {
    const group = comparisons.filter((one) => one.workload === workload);
    shapes.push(text(workload.title, { x: MARGIN, y, kind: "heading" }));
    (group[0]?.rows ?? []).forEach(({ name }, at) => {
      shapes.push(text(name, { x: MARGIN, y: y + LINE * (at + 1) }));
    });
    for (const one of group) {
      shapes.push(...bars(one, { baseline, x: left(one.connections), y, width: panel }));
    }
    y += LINE * ((group[0]?.rows.length ?? 0) + 1) + 12;
  }
  for (
    const line of [
      `Longer is better; each group of bars has a scale of its own. ×: beside ${baseline}. ` +
      `No peer has coherent caches.`,
      `${about.date}. ${about.run}. ${about.machine}.`,
      `${about.versions}.`,
    ]
  ) {
    shapes.push(text(line, { x: MARGIN, y, kind: "muted" }));
    y += LINE;
  }
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${y}" role="img">
<title>Requests per second of Realmgate and of what one would pick instead</title>
<style>${STYLE}</style>
<rect class="page" width="${WIDTH}" height="${y}"/>
${shapes.join("\n")}
</svg>
`;
}

function bars(
  comparison: Comparison,
  options: {
    readonly baseline: string;
    readonly x: number;
    readonly y: number;
    readonly width: number;
  },
): string[] {
  const { baseline, x, y, width } = options;
  const rates = comparison.rows.map(rateOf);
  const most = Math.max(...rates, 1);
  return comparison.rows.flatMap((row, at) => {
    const line = y + LINE * (at + 1);
    if (errorsOf(row.rounds) > 0) return [text("had errors", { x, y: line, kind: "muted" })];
    const rate = rates[at] ?? 0;
    const length = Math.max(1, width * BAR * rate / most);
    const kind = row.name === baseline
      ? "baseline"
      : row.name.startsWith("Realmgate")
      ? "ours"
      : "other";
    const ratio = ratioInside(comparison, { row, baseline });
    const beside = typeof ratio === "object" ? ` · ${ratio.middle.toFixed(2)}×` : "";
    const label = Math.round(rate).toLocaleString("en") + beside;
    return [
      `<rect class="${kind}" x="${round(x)}" y="${line - 10}" width="${
        round(length)
      }" height="12"/>`,
      text(label, { x: x + length + 6, y: line, kind: "muted" }),
    ];
  });
}

function rateOf({ rounds }: Row): number {
  return median(rounds.map(({ requestsPerSecond }) => requestsPerSecond));
}

function text(
  content: string,
  { x, y, kind }: { readonly x: number; readonly y: number; readonly kind?: string },
): string {
  const look = kind === undefined ? "" : ` class="${kind}"`;
  const escaped = content.replaceAll("&", "&amp;").replaceAll("<", "&lt;");
  return `<text${look} x="${round(x)}" y="${y}">${escaped}</text>`;
}

/** To a tenth: nobody sees more. */
function round(length: number): number {
  return Math.round(length * 10) / 10;
}
