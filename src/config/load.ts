import { dirname, isAbsolute, join } from "node:path";
import type { z } from "zod";
import { type Config, configSchema } from "./schema.ts";
import { crossCheck } from "./cross_check.ts";
import type { ConfigFault } from "./fault.ts";
import { readYaml } from "./read_yaml.ts";
import { substitute } from "./substitute.ts";

/** Every fault of a configuration file at once. */
export class ConfigError extends Error {
  override readonly name = "ConfigError";
  readonly faults: readonly ConfigFault[];

  constructor(file: string, faults: readonly ConfigFault[]) {
    const lines = faults.map(({ path, message }) =>
      `  ${path === "" ? "(file)" : path}: ${message}`
    );
    super(`Cannot use the configuration ${file}:\n${lines.join("\n")}`);
    this.faults = faults;
  }
}

/**
 * Parses a configuration: YAML, then `${NAME}` and `${NAME:-default}` in its strings from
 * `environment`, then the schema, then the checks across settings. Paths in it become relative to
 * the file's folder. Reads nothing itself.
 *
 * @throws {ConfigError} with every fault that was found
 */
export function parseConfig(
  text: string,
  options: { readonly file: string; readonly environment: Readonly<Record<string, string>> },
): Config {
  const { file, environment } = options;
  const { value: read, faults } = readYaml(text);
  if (faults.length > 0) throw new ConfigError(file, faults);
  const value = substitute(read, { environment, faults });
  const checked = configSchema.safeParse(value);
  if (!checked.success) {
    for (const issue of checked.error.issues) {
      faults.push({ path: showPath(issue.path), message: ruleOf(issue) });
    }
  } else {
    faults.push(...crossCheck(checked.data));
  }
  if (faults.length > 0 || !checked.success) throw new ConfigError(file, faults);
  const folder = dirname(file);
  const resolve = (path: string) => isAbsolute(path) ? path : join(folder, path);
  const { database } = checked.data;
  return {
    ...checked.data,
    statements: resolve(checked.data.statements),
    database: database.tls?.ca === undefined
      ? database
      : { ...database, tls: { ...database.tls, ca: resolve(database.tls.ca) } },
  };
}

/** The rule that was broken; that of a name in a record lies within the record's own issue. */
function ruleOf(issue: z.core.$ZodIssue): string {
  if (issue.code !== "invalid_key") return issue.message;
  return issue.issues.map(({ message }) => message).join("; ");
}

function showPath(path: readonly PropertyKey[]): string {
  return path.reduce<string>(
    (shown, part) =>
      typeof part === "number"
        ? `${shown}[${part}]`
        : shown === ""
        ? String(part)
        : `${shown}.${String(part)}`,
    "",
  );
}
