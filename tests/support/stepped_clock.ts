import { join } from "node:path";
import { aptInstall } from "../../deploy/local/apt.ts";

/** The wall clock of a process, which can be set forth and back while it runs. */
export interface SteppedClock {
  /** What the process must find in its environment. */
  readonly env: Readonly<Record<string, string>>;
  /** Sets it so far ahead of the real time, or behind it where negative; counts at once. */
  set(offsetMs: number): Promise<void>;
}

/**
 * Makes a clock for a process that is yet to be started, by libfaketime, which is installed where
 * this is root on Debian. Only the wall clock steps, as on a machine whose time is corrected:
 * what runs by the monotonic clock does not notice.
 *
 * @param folder where to keep the file that the process reads its time from
 * @returns `undefined` where libfaketime cannot be had: then say so
 */
export async function steppedClock(folder: string): Promise<SteppedClock | undefined> {
  const library = await faketime();
  if (library === undefined) return undefined;
  const file = join(folder, "clock_offset");
  const set = async (offsetMs: number) => {
    const seconds = (offsetMs / 1_000).toFixed(3);
    await Deno.writeTextFile(`${file}.new`, offsetMs < 0 ? seconds : `+${seconds}`);
    await Deno.rename(`${file}.new`, file);
  };
  await set(0);
  return {
    set,
    env: {
      // jemalloc, which Redis uses, asks for the time while libfaketime allocates to begin, and
      // both fail. With libc's malloc found first, nothing is asked of jemalloc.
      LD_PRELOAD: `${library} libc.so.6`,
      FAKETIME_TIMESTAMP_FILE: file,
      FAKETIME_NO_CACHE: "1",
      FAKETIME_DONT_FAKE_MONOTONIC: "1",
    },
  };
}

async function faketime(): Promise<string | undefined> {
  if (Deno.build.os !== "linux") return undefined;
  const found = await findLibrary();
  if (found !== undefined || Deno.uid() !== 0) return found;
  console.error("Installing faketime with apt-get, to step the clock of a server under test");
  try {
    await aptInstall(["faketime"], { aptGet: "apt-get" });
  } catch (error) {
    console.error(String(error));
  }
  return await findLibrary();
}

async function findLibrary(): Promise<string | undefined> {
  for await (const { name } of Deno.readDir("/usr/lib")) {
    const path = `/usr/lib/${name}/faketime/libfaketimeMT.so.1`;
    if (await Deno.stat(path).then(() => true, () => false)) return path;
  }
  return undefined;
}
