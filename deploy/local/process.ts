import { dirname } from "node:path";
import { waitUntil } from "./wait.ts";

/** What starts a server. */
export interface ServerCommand {
  readonly command: string;
  readonly args: readonly string[];
  /** Further variables of its environment. @default {none} */
  readonly env?: Readonly<Record<string, string>>;
  /** Where its process is remembered, so that a later run can find and end it. */
  readonly pidFile: string;
  /** Where its output goes. */
  readonly logFile: string;
}

/**
 * Starts a server in a session of its own: Ctrl-C reaches the supervisor only, which then ends the
 * servers in their order. The promise `exited` settles when it ends while this process lives.
 */
export async function startServer(
  options: ServerCommand,
): Promise<{ readonly pid: number; readonly exited: Promise<number> }> {
  const { command, args, pidFile, logFile } = options;
  await Deno.mkdir(dirname(pidFile), { recursive: true });
  const child = new Deno.Command("/bin/sh", {
    args: ["-c", 'log="$1"; shift; exec "$@" >>"$log" 2>&1', "sh", logFile, command, ...args],
    env: { ...options.env },
    stdin: "null",
    stdout: "null",
    stderr: "null",
    detached: true,
  }).spawn();
  child.unref();
  await rememberProcess(pidFile, child.pid);
  return { pid: child.pid, exited: child.status.then(({ code }) => code) };
}

/** Writes down which process this is: its id and its start, since ids are used again. */
export async function rememberProcess(pidFile: string, pid: number): Promise<void> {
  await Deno.mkdir(dirname(pidFile), { recursive: true });
  await Deno.writeTextFile(`${pidFile}.new`, `${pid} ${processMark(pid) ?? ""}\n`);
  await Deno.rename(`${pidFile}.new`, pidFile);
}

/** The process that a pid file names, if it is still that very process. */
export function rememberedPid(pidFile: string): number | undefined {
  let text: string;
  try {
    text = Deno.readTextFileSync(pidFile).trim();
  } catch {
    return undefined;
  }
  const space = text.indexOf(" ");
  const pid = Number(space < 0 ? text : text.slice(0, space));
  const start = space < 0 ? "" : text.slice(space + 1);
  return Number.isInteger(pid) && pid > 1 && processMark(pid) === start ? pid : undefined;
}

/** Sends a signal; a process that is already gone is no error. */
export function signalProcess(pid: number, signal: Deno.Signal): void {
  try {
    Deno.kill(pid, signal);
  } catch (error) {
    if (!(error instanceof Deno.errors.NotFound)) throw error;
  }
}

/**
 * Ends the process that `pidFile` names: SIGTERM, and SIGKILL once `graceMs` have passed. Returns
 * when it is gone; does nothing if it already is.
 */
export async function endProcess(
  pidFile: string,
  options: { readonly graceMs: number },
): Promise<void> {
  const pid = rememberedPid(pidFile);
  const gone = () => rememberedPid(pidFile) !== pid;
  if (pid !== undefined) {
    signalProcess(pid, "SIGTERM");
    try {
      await waitUntil(gone, { what: `end process ${pid}`, timeoutMs: options.graceMs });
    } catch {
      signalProcess(pid, "SIGKILL");
      await waitUntil(gone, { what: `end process ${pid}`, timeoutMs: 10_000 });
    }
  }
  await Deno.remove(pidFile).catch(() => {});
}

/** Tells a living process from a later one with its id; `undefined` once it is gone. */
export function processMark(pid: number): string | undefined {
  if (Deno.build.os !== "linux") return startByPs(pid);
  let stat: string;
  try {
    stat = Deno.readTextFileSync(`/proc/${pid}/stat`);
  } catch {
    return undefined;
  }
  // The second field is the program's name in parentheses, and may hold anything.
  const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
  return fields[0] === "Z" || fields[0] === "X" ? undefined : fields[19];
}

function startByPs(pid: number): string | undefined {
  const { success, stdout } = new Deno.Command("ps", {
    args: ["-o", "stat=,lstart=", "-p", String(pid)],
    stderr: "null",
  }).outputSync();
  const text = new TextDecoder().decode(stdout).trim();
  if (!success || text === "" || text.startsWith("Z")) return undefined;
  return text.replace(/^\S+\s+/, "").replaceAll(" ", "_");
}
