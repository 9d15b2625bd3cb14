import { processMark } from "./process.ts";

/** A process above this one. */
export interface Ancestor {
  readonly pid: number;
  readonly parent: number;
  readonly command: string;
}

/**
 * Finds the processes that stand between this one and whoever typed the command: `deno task`, and
 * where it was run by npx, npm and its shell. Returns a function that says whether one of them has
 * gone. They do not all pass a SIGTERM on (npm's shell just dies), so their end has to count as
 * one; the end of the terminal's own shell does not.
 */
export function watchLaunchers(): () => boolean {
  const launchers = findLaunchers(readAncestors(Deno.ppid))
    .map(({ pid }) => ({ pid, mark: processMark(pid) }));
  return () => launchers.some(({ pid, mark }) => processMark(pid) !== mark);
}

/**
 * The launchers among a process's ancestors, the nearest first.
 *
 * @example
 * ```ts
 * import { findLaunchers } from "./launchers.ts";
 * import { assertEquals } from "@std/assert";
 *
 * const ancestors = [
 *   { pid: 4, parent: 3, command: "deno task dev" },
 *   { pid: 3, parent: 2, command: "sh -c 'deno' task dev" },
 *   { pid: 2, parent: 1, command: "npm exec deno task dev" },
 *   { pid: 1, parent: 0, command: "bash" },
 * ];
 * assertEquals(findLaunchers(ancestors).map(({ pid }) => pid), [4, 3, 2]);
 * ```
 */
export function findLaunchers(ancestors: readonly Ancestor[]): Ancestor[] {
  const [task, shell, runner] = ancestors;
  if (task === undefined || !/(^|\/)deno\s.*\btask\b/.test(task.command)) return [];
  const byRunner = shell !== undefined && runner !== undefined &&
    /(^|\/)(da|ba)?sh\s+-c\s/.test(shell.command) &&
    /^(\S*\/)?(npm|npx|node|pnpm|yarn|bun)\b/.test(runner.command);
  return byRunner ? [task, shell, runner] : [task];
}

function readAncestors(first: number): Ancestor[] {
  const found: Ancestor[] = [];
  for (let pid = first; pid > 1 && found.length < 3;) {
    const ancestor = Deno.build.os === "linux" ? readProc(pid) : readPs(pid);
    if (ancestor === undefined) break;
    found.push(ancestor);
    pid = ancestor.parent;
  }
  return found;
}

function readProc(pid: number): Ancestor | undefined {
  try {
    const parent = /^PPid:\s*(\d+)$/m.exec(Deno.readTextFileSync(`/proc/${pid}/status`))?.[1];
    const command = Deno.readTextFileSync(`/proc/${pid}/cmdline`).replaceAll("\0", " ").trim();
    return { pid, parent: Number(parent), command };
  } catch {
    return undefined;
  }
}

function readPs(pid: number): Ancestor | undefined {
  const { stdout } = new Deno.Command("ps", {
    args: ["-o", "ppid=,args=", "-p", String(pid)],
    stderr: "null",
  }).outputSync();
  const match = /^\s*(\d+)\s+(.*)$/m.exec(new TextDecoder().decode(stdout));
  return match === null ? undefined : { pid, parent: Number(match[1]), command: match[2] ?? "" };
}
