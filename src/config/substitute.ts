import type { ConfigFault } from "./fault.ts";

const VARIABLE = /\$\{([A-Za-z_][A-Za-z0-9_]*)(?::-([^}]*))?\}/g;

/**
 * Replaces `${NAME}` and `${NAME:-default}` in every string of a parsed document. It works on
 * values, after the YAML was parsed, so that no variable's text can change the document's shape.
 * What it yields stays a string; settings that are numbers accept their digits. A variable that is
 * not set and has no default is a fault.
 */
export function substitute(
  value: unknown,
  options: {
    readonly environment: Readonly<Record<string, string>>;
    readonly faults: ConfigFault[];
    readonly path?: string;
  },
): unknown {
  const { environment, faults, path = "" } = options;
  if (typeof value === "string") {
    return value.replaceAll(VARIABLE, (_whole, name: string, fallback?: string) => {
      const found = environment[name];
      if (found !== undefined && (found !== "" || fallback === undefined)) return found;
      if (fallback !== undefined) return fallback;
      faults.push({ path, message: `needs the environment variable ${name}, which is not set` });
      return "";
    });
  }
  if (Array.isArray(value)) {
    return value.map((item, index) =>
      substitute(item, { environment, faults, path: `${path}[${index}]` })
    );
  }
  if (value !== null && typeof value === "object") {
    return Object.fromEntries(
      Object.entries(value).map(([key, item]) => [
        key,
        substitute(item, { environment, faults, path: path === "" ? key : `${path}.${key}` }),
      ]),
    );
  }
  return value;
}
