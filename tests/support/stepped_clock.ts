import { fileURLToPath } from "node:url";

const SOURCE = fileURLToPath(new URL("stepped_clock.c", import.meta.url));

/** The wall clock of one server, which a test steps while the machine's own stays as it is. */
export class SteppedClock implements AsyncDisposable {
  /** What a server's environment needs, so that it reads this clock. */
  readonly environment: Readonly<Record<string, string>>;
  readonly #folder: string;

  private constructor(folder: string) {
    this.#folder = folder;
    this.environment = {
      LD_PRELOAD: `${folder}/stepped_clock.so`,
      CLOCK_OFFSET_FILE: `${folder}/offset`,
    };
  }

  /** Makes one that is not stepped yet; `undefined` on a machine without Linux or a C compiler. */
  static async open(): Promise<SteppedClock | undefined> {
    if (Deno.build.os !== "linux") return undefined;
    const folder = await Deno.makeTempDir({ prefix: "realmgate-clock-" });
    const clock = new SteppedClock(folder);
    const compiled = await new Deno.Command("cc", {
      args: ["-shared", "-fPIC", "-O2", "-o", `${folder}/stepped_clock.so`, SOURCE],
      stdout: "null",
      stderr: "null",
    }).output().catch(() => undefined);
    if (compiled?.success === true) {
      clock.step(0);
      return clock;
    }
    await clock[Symbol.asyncDispose]();
    return undefined;
  }

  /** Sets how far it is ahead of the machine's clock, in milliseconds. */
  step(aheadMs: number): void {
    // In place, and whole: the server has the file in its memory.
    const offset = new Uint8Array(BigInt64Array.of(BigInt(aheadMs) * 1_000n).buffer);
    using file = Deno.openSync(`${this.#folder}/offset`, { write: true, create: true });
    file.writeSync(offset);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Deno.remove(this.#folder, { recursive: true });
  }
}
