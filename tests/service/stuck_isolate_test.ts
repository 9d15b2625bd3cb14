import { assertEquals } from "@std/assert";
import { serviceArguments } from "../../deploy/local/service_process.ts";
import { freePort } from "../../deploy/local/ports.ts";
import { eventually } from "../support/eventually.ts";
import { testRealm } from "../support/realm.ts";

const PRELOAD = new URL("../support/stuck_preload.ts", import.meta.url).pathname;

/** The service's own command line, with a module before it that can make an isolate loop. */
function argumentsWithPreload(configFile: string): string[] {
  const [run = "run", ...others] = serviceArguments(configFile);
  const reads = others.filter((flag) => !flag.startsWith("--allow-read"));
  return [run, "--allow-read", "--preload", PRELOAD, ...reads];
}

for (
  const [isolate, code] of [
    ["isolate-2", 70],
    ["isolate-1", 137],
  ] as const
) {
  const which = isolate === "isolate-1" ? "the main isolate" : "a worker";
  Deno.test(`Service ends within 10 s with exit code ${code} when ${which} loops`, async () => {
    await using realm = await testRealm();
    const port = freePort();
    const stuckFile = await Deno.makeTempFile();
    const child = new Deno.Command(Deno.execPath(), {
      args: argumentsWithPreload(realm.realm.environment["REALMGATE_CONFIG"] ?? ""),
      env: {
        ...realm.realm.environment,
        PORT: String(port),
        REALMGATE_ISOLATES: "2",
        STUCK_FILE: stuckFile,
      },
      stdout: "null",
      stderr: "null",
    }).spawn();
    const ended = { code: undefined as number | undefined };
    const status = child.status.then((status) => ended.code = status.code);
    try {
      await eventually(async () => {
        const response = await fetch(`http://127.0.0.1:${port}/readyz`);
        await response.body?.cancel();
        return response.ok;
      }, { withinMs: 30_000 });
      await Deno.writeTextFile(stuckFile, isolate);
      await eventually(() => ended.code !== undefined, {
        withinMs: 10_000,
        what: "the process to end",
      });
      assertEquals(ended.code, code);
    } finally {
      if (ended.code === undefined) child.kill("SIGKILL");
      await status;
      await Deno.remove(stuckFile);
    }
  });
}
