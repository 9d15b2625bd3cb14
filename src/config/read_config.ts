import { ConfigError, parseConfig } from "./load.ts";
import type { Config } from "./schema.ts";
import { whyUnreadable } from "./why_unreadable.ts";

/**
 * Reads the configuration that `REALMGATE_CONFIG` names, `realmgate.yaml` without it, and the
 * authority's certificate that it names.
 *
 * @throws {ConfigError} with what is wrong with either
 */
export async function readConfig(
  environment: Readonly<Record<string, string>>,
): Promise<{ readonly config: Config; readonly ca: string | undefined }> {
  const file = environment["REALMGATE_CONFIG"] ?? "realmgate.yaml";
  const refuse = (path: string, message: string) => new ConfigError(file, [{ path, message }]);
  const text = await Deno.readTextFile(file).catch((error: unknown) => {
    throw refuse("", `cannot be read: ${whyUnreadable(error)}; REALMGATE_CONFIG names the file`);
  });
  const config = parseConfig(text, { file, environment });
  const path = config.database.tls?.ca;
  if (path === undefined) return { config, ca: undefined };
  const ca = await Deno.readTextFile(path).catch((error: unknown) => {
    throw refuse("database.tls.ca", `${path} cannot be read: ${whyUnreadable(error)}`);
  });
  if (!ca.includes("-----BEGIN CERTIFICATE-----")) {
    throw refuse("database.tls.ca", `${path} must be a certificate in PEM`);
  }
  return { config, ca };
}
