import { ConsoleHandler, getLogger, type LevelName, setup } from "@std/log";
import type { Log } from "../core/log.ts";

/** Sets the isolate's log up: JSON lines on standard output. Once per isolate. */
export function setupLog(level: LevelName): void {
  setup({
    handlers: { console: new ConsoleHandler("DEBUG") },
    loggers: { default: { level, handlers: ["console"] } },
  });
}

/** The log of an isolate; its name goes into every line. */
export function isolateLog(isolate: string): Log {
  const logger = getLogger();
  const line = (fields: Readonly<Record<string, unknown>> | undefined) => ({
    isolate,
    ...plain(fields),
  });
  return {
    debug: (message, fields) => logger.debug(message, line(fields)),
    info: (message, fields) => logger.info(message, line(fields)),
    warn: (message, fields) => logger.warn(message, line(fields)),
    error: (message, fields) => logger.error(message, line(fields)),
  };
}

/** Errors as a line of text: JSON would show them as `{}`. */
function plain(fields: Readonly<Record<string, unknown>> = {}): Record<string, unknown> {
  return Object.fromEntries(
    Object.entries(fields).map(([key, value]) => [
      key,
      value instanceof Error ? `${value.name}: ${value.message}` : value,
    ]),
  );
}
