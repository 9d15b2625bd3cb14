/** POSIX's number of the clock that only moves forward, on each system that Deno runs on. */
const CLOCK_MONOTONIC = Deno.build.os === "darwin" ? 6 : 1;

/** Reads an instant in milliseconds; what one process reads can be compared with another's. */
export type MachineClock = () => number;

/**
 * The clock that all processes of this machine share: `CLOCK_MONOTONIC`, which nobody can step and
 * which goes on while a process is stopped. Deno's own is either counted from the process's start
 * (`performance.now`) or can be stepped (`Date.now`).
 */
export function openMachineClock(): MachineClock {
  const { symbols } = Deno.dlopen(
    Deno.build.os === "darwin" ? "libSystem.dylib" : "libc.so.6",
    { clock_gettime: { parameters: ["i32", "buffer"], result: "i32" } },
  );
  const time = new BigInt64Array(2);
  return () => {
    if (symbols.clock_gettime(CLOCK_MONOTONIC, time) !== 0) {
      throw new Error("Cannot read the clock: the system must have CLOCK_MONOTONIC");
    }
    return Number(time[0]) * 1e3 + Number(time[1]) / 1e6;
  };
}
