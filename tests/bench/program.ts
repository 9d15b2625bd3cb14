import { freePort } from "../../deploy/local/ports.ts";

/**
 * Starts a program of this folder on a free port, its first argument, and returns once it answers.
 * Whoever started it ends it.
 */
export async function startProgram(
  file: string,
  args: readonly string[],
  env: Readonly<Record<string, string>>,
): Promise<{ readonly url: string; readonly pid: number; readonly end: () => void }> {
  const port = freePort();
  const root = new URL("../..", import.meta.url).pathname;
  const child = new Deno.Command(Deno.execPath(), {
    args: [
      "run",
      "--config",
      `${root}deno.json`,
      "--allow-net",
      "--allow-env",
      "--allow-read",
      new URL(file, import.meta.url).pathname,
      String(port),
      ...args,
    ],
    env,
    stdout: "null",
    stderr: "inherit",
  }).spawn();
  const url = `http://127.0.0.1:${port}`;
  const giveUpAt = Date.now() + 20_000;
  for (;;) {
    try {
      await (await fetch(`${url}/`)).body?.cancel();
      break;
    } catch (error) {
      if (Date.now() > giveUpAt) throw error;
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
  }
  return { url, pid: child.pid, end: () => child.kill("SIGTERM") };
}
