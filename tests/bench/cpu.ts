/** Clock ticks per second in /proc; 100 on every Linux that Deno runs on. */
const TICKS_PER_SECOND = 100;

/** The CPU time that processes have used so far, in microseconds, all their threads together. */
export async function cpuMicros(pids: readonly number[]): Promise<number> {
  let ticks = 0;
  for (const pid of pids) {
    const stat = await Deno.readTextFile(`/proc/${pid}/stat`);
    // The second field is the program's name in parentheses, which may hold spaces.
    const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
    ticks += Number(fields[11]) + Number(fields[12]);
  }
  return ticks * 1_000_000 / TICKS_PER_SECOND;
}

/** A process and all that it has started and that still runs, at any depth. */
export async function processTree(pid: number): Promise<number[]> {
  const found = [pid];
  for await (const { name: thread } of Deno.readDir(`/proc/${pid}/task`)) {
    const children = await Deno.readTextFile(`/proc/${pid}/task/${thread}/children`);
    for (const child of children.split(" ")) {
      if (child !== "") found.push(...await processTree(Number(child)));
    }
  }
  return found;
}
