import { freePort } from "../../deploy/local/ports.ts";

/** A service under measurement. Whoever started it ends it. */
export interface Program {
  readonly url: string;
  readonly pid: number;
  /** Ends it; returns once it has ended. */
  readonly end: () => Promise<void>;
}

/** Starts a program of this folder on a free port, its first argument; see {@linkcode startServer}. */
export function startProgram(
  file: string,
  args: readonly string[],
  env: Readonly<Record<string, string>>,
): Promise<Program> {
  const port = freePort();
  return startServer(Deno.execPath(), {
    port,
    args: [...denoArguments(file), String(port), ...args],
    env,
  });
}

/** What `deno` is told to run a program of this folder; the program's own arguments follow. */
export function denoArguments(file: string): string[] {
  const root = new URL("../..", import.meta.url).pathname;
  return [
    "run",
    "--no-prompt",
    "--config",
    `${root}deno.json`,
    "--allow-net",
    "--allow-env",
    "--allow-read",
    "--allow-sys",
    new URL(file, import.meta.url).pathname,
  ];
}

/**
 * Starts a command that serves HTTP on a port of 127.0.0.1, and returns once it answers.
 *
 * @throws if it ends before, or does not answer within 20 s; it has ended then
 */
export async function startServer(
  command: string,
  options: {
    readonly port: number;
    readonly args: readonly string[];
    readonly env: Readonly<Record<string, string>>;
  },
): Promise<Program> {
  const { port, args, env } = options;
  const child = new Deno.Command(command, {
    args: [...args],
    env: { ...env },
    stdin: "null",
    stdout: "null",
    stderr: "inherit",
  }).spawn();
  let ended = false;
  const status = child.status.then(({ code }) => {
    ended = true;
    return code;
  });
  const end = async () => {
    if (!ended) child.kill("SIGTERM");
    await status;
  };
  const url = `http://127.0.0.1:${port}`;
  const giveUpAt = Date.now() + 20_000;
  for (;;) {
    try {
      await (await fetch(`${url}/`)).body?.cancel();
      return { url, pid: child.pid, end };
    } catch (error) {
      if (ended || Date.now() > giveUpAt) {
        await end();
        throw new Error(
          `Cannot start ${command}: it must answer on port ${port}, ended with ${await status}`,
          { cause: error },
        );
      }
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
  }
}
