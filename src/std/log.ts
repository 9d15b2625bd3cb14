/**
 * `@std/log` by its own names, over LogTape: `setup`, `getLogger(name)`, `ConsoleHandler` and
 * `jsonFormatter`, as far as this project uses them. Where JSR can be reached, `deno.json` may map
 * `@std/log` to `jsr:@std/log@0.224` instead and nothing else changes.
 */
import { configureSync, getLogger as logTape, type LogRecord as Entry } from "@logtape/logtape";

/** The levels, by their names in the standard library. */
export type LevelName = "DEBUG" | "INFO" | "WARN" | "ERROR" | "CRITICAL";

const LEVELS = {
  DEBUG: "debug",
  INFO: "info",
  WARN: "warning",
  ERROR: "error",
  CRITICAL: "fatal",
} as const;
const NAMES = new Map(Object.entries(LEVELS).map(([name, level]) => [level as string, name]));

/** One line of the log before it is formatted. */
export interface LogRecord {
  readonly levelName: string;
  readonly datetime: Date;
  readonly msg: string;
  readonly args: unknown[];
}

/** Turns a record into the text of its line. */
export type FormatterFunction = (record: LogRecord) => string;

/** One JSON object per line: `level`, `datetime` (Unix ms), `message`, `args`. */
export function jsonFormatter(record: LogRecord): string {
  const args = record.args.length === 1 ? record.args[0] : record.args;
  return JSON.stringify({
    level: record.levelName,
    datetime: record.datetime.getTime(),
    message: record.msg,
    ...(record.args.length === 0 ? {} : { args }),
  });
}

/** Writes records to standard output. */
export class ConsoleHandler {
  readonly levelName: LevelName;
  readonly formatter: FormatterFunction;

  /** @param options.formatter default {@linkcode jsonFormatter} */
  constructor(levelName: LevelName, options: { readonly formatter?: FormatterFunction } = {}) {
    this.levelName = levelName;
    this.formatter = options.formatter ?? jsonFormatter;
  }

  /** Writes one record. */
  handle(record: LogRecord): void {
    console.log(this.formatter(record));
  }
}

/** Which handlers there are, and which loggers write to them. */
export interface LogConfig {
  readonly handlers: Readonly<Record<string, ConsoleHandler>>;
  readonly loggers: Readonly<
    Record<string, { readonly level: LevelName; readonly handlers: readonly string[] }>
  >;
}

/** Sets the process's logging up; a later call replaces an earlier one. Affects every logger. */
export function setup(config: LogConfig): void {
  const sinks = Object.entries(config.handlers).map(([name, handler]) =>
    [name, (entry: Entry) => handler.handle(toRecord(entry))] as const
  );
  configureSync({
    reset: true,
    sinks: Object.fromEntries(sinks),
    loggers: [
      ...Object.entries(config.loggers).map(([name, logger]) => ({
        category: name === "default" ? [] : [name],
        lowestLevel: LEVELS[logger.level],
        sinks: [...logger.handlers],
      })),
      { category: ["logtape", "meta"], lowestLevel: "error", sinks: [] },
    ],
  });
}

/** Writes lines under one name. */
export interface Logger {
  debug(msg: string, ...args: unknown[]): void;
  info(msg: string, ...args: unknown[]): void;
  warn(msg: string, ...args: unknown[]): void;
  error(msg: string, ...args: unknown[]): void;
  critical(msg: string, ...args: unknown[]): void;
}

/** The logger of that name; silent until {@linkcode setup} was called. */
export function getLogger(name = "default"): Logger {
  const logger = logTape(name === "default" ? [] : [name]);
  return {
    debug: (msg, ...args) => logger.debug(escape(msg), { args }),
    info: (msg, ...args) => logger.info(escape(msg), { args }),
    warn: (msg, ...args) => logger.warn(escape(msg), { args }),
    error: (msg, ...args) => logger.error(escape(msg), { args }),
    critical: (msg, ...args) => logger.fatal(escape(msg), { args }),
  };
}

function escape(msg: string): string {
  return msg.replaceAll("{", "{{").replaceAll("}", "}}");
}

function toRecord(entry: Entry): LogRecord {
  return {
    levelName: NAMES.get(entry.level) ?? "INFO",
    datetime: new Date(entry.timestamp),
    msg: entry.message.join(""),
    args: (entry.properties["args"] ?? []) as unknown[],
  };
}
