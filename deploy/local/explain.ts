/**
 * `deno task explain`: explains the statements of the configuration that REALMGATE_CONFIG names, or
 * else of the `deno task dev` that runs.
 */
import { join, resolve } from "node:path";
import { explainTask } from "../../src/service/explain_task.ts";
import { ROOT } from "./service_process.ts";

/** What a process of the service that runs beside `deno task dev` has in its environment. */
async function devEnvironment(home: string): Promise<Readonly<Record<string, string>>> {
  try {
    return JSON.parse(await Deno.readTextFile(join(home, "dev.json"))).environment;
  } catch (error) {
    if (!(error instanceof Deno.errors.NotFound)) throw error;
    throw new Error(
      "Cannot explain: deno task dev must run, or REALMGATE_CONFIG name a configuration, " +
        "received neither",
    );
  }
}

if (import.meta.main) {
  const own = Deno.env.toObject();
  const from = own["INIT_CWD"] ?? Deno.cwd();
  const home = resolve(from, own["REALMGATE_HOME"] || join(ROOT, ".realmgate"));
  try {
    const named = (own["REALMGATE_CONFIG"] ?? "") !== "" || Deno.args.includes("--help");
    const environment = { ...own, ...(named ? {} : await devEnvironment(home)) };
    Deno.exit(await explainTask({ args: Deno.args, environment, say: console.log }));
  } catch (error) {
    console.error(error instanceof Error ? error.message : error);
    Deno.exit(1);
  }
}
