/** Whether and how lines are coloured. */
export interface PrettyOptions {
  readonly color: boolean;
}

const COLORS = { red: 31, green: 32, yellow: 33, grey: 90 } as const;

/**
 * Turns one line of the service's log, which is JSON, into one for people. Lines that are not
 * JSON stay as they are.
 *
 * @example
 * ```ts
 * import { prettyLine } from "./pretty_log.ts";
 * import { assertEquals } from "@std/assert";
 *
 * const line = JSON.stringify({
 *   level: "INFO",
 *   datetime: 0,
 *   message: "statement checked",
 *   args: { name: "player.get", shard: ":playerId", plan: "PRIMARY", tookMs: 3.2 },
 * });
 * assertEquals(prettyLine(line, { color: false }), "✓ player.get  shard :playerId  PRIMARY  3 ms");
 * ```
 */
export function prettyLine(line: string, options: PrettyOptions): string {
  const entry = readEntry(line);
  if (entry === undefined) return line;
  const paint = (color: keyof typeof COLORS, text: string) =>
    options.color ? `\x1b[${COLORS[color]}m${text}\x1b[0m` : text;
  const { fields } = entry;
  switch (entry.message) {
    case "statement checked": {
      const parts = [fields["name"], `shard ${fields["shard"]}`, fields["plan"]];
      const shown = parts.filter((part) => part !== undefined).join("  ");
      return `${paint("green", "✓")} ${shown}  ${Math.round(Number(fields["tookMs"]))} ms`;
    }
    case "statement refused": {
      const { file, line, detail } = fields;
      return `${paint("red", "✗")} ${file}${line === undefined ? "" : `:${line}`}  ${detail}`;
    }
    case "statement unavailable":
      return `${paint("red", "✗")} ${fields["name"]}  ${fields["detail"]}`;
    case "statement warning":
    case "statement plan became worse":
      return `${paint("yellow", "!")} ${fields["name"]}  ${fields["detail"]}`;
    default: {
      const color = levelColor(entry.level);
      const shown = Object.entries(fields).map(([name, value]) => `${name}=${show(value)}`);
      const time = new Date(entry.at).toTimeString().slice(0, 8);
      const text = entry.level === "INFO" ? entry.message : `${entry.level} ${entry.message}`;
      return `${paint("grey", time)} ${paint(color, text)}${
        shown.length === 0 ? "" : `  ${paint("grey", shown.join(" "))}`
      }`;
    }
  }
}

interface Entry {
  readonly level: string;
  readonly at: number;
  readonly message: string;
  readonly fields: Readonly<Record<string, unknown>>;
}

function readEntry(line: string): Entry | undefined {
  if (!line.startsWith("{")) return undefined;
  try {
    const { level, datetime, message, args } = JSON.parse(line);
    if (typeof level !== "string" || typeof message !== "string") return undefined;
    const isRecord = args !== null && typeof args === "object" && !Array.isArray(args);
    const { isolate, ...fields } = isRecord ? args : {};
    const first = isolate === undefined || isolate === "isolate-1";
    return {
      level,
      at: Number(datetime),
      message,
      fields: first ? fields : { isolate, ...fields },
    };
  } catch {
    return undefined;
  }
}

function levelColor(level: string): keyof typeof COLORS {
  if (level === "ERROR" || level === "CRITICAL") return "red";
  return level === "WARN" ? "yellow" : "grey";
}

function show(value: unknown): string {
  return typeof value === "string" && /^[^\s"=]+$/.test(value) ? value : JSON.stringify(value);
}
