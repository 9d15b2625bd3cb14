import { join } from "node:path";
import { endProcess } from "./process.ts";

/**
 * Ends every process that an earlier run in this home left behind, as when its supervisor was
 * killed: the service first, then the servers.
 */
export async function endLeftovers(home: string): Promise<void> {
  const names: string[] = [];
  try {
    for await (const entry of Deno.readDir(home)) if (entry.isDirectory) names.push(entry.name);
  } catch (error) {
    if (!(error instanceof Deno.errors.NotFound)) throw error;
  }
  const end = (name: string, graceMs: number) =>
    endProcess(join(home, name, "server.pid"), { graceMs });
  const services = names.filter((name) => name.startsWith(SERVICE_FOLDER));
  await Promise.all(services.map((name) => end(name, 25_000)));
  const servers = names.filter((name) => !services.includes(name));
  await Promise.all(servers.map((name) => end(name, 20_000)));
}

/** What the names of the folders of service processes begin with. */
export const SERVICE_FOLDER = "service";
