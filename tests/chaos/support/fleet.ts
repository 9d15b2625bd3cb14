import { freePort } from "../../../deploy/local/ports.ts";

/** One service process, as far as faults care. */
export interface FleetProcess {
  readonly url: string;
  readonly exited: Promise<number>;
  /** Sends a signal; nothing happens if it has ended. */
  kill(signal: Deno.Signal): void;
  /** Ends it in order. */
  stop(): Promise<number>;
}

/** Starts the process with a number at a port, and returns once it serves. */
export type Launch = (
  place: { readonly number: number; readonly port: number },
) => Promise<FleetProcess>;

/** The service processes of one system; each has a number and a port that a restart keeps. */
export class Fleet implements AsyncDisposable {
  readonly #launch: Launch;
  readonly #places: { readonly port: number; process: FleetProcess | undefined }[];

  private constructor(launch: Launch, size: number) {
    this.#launch = launch;
    this.#places = Array.from({ length: size }, () => ({ port: freePort(), process: undefined }));
  }

  /** Starts so many processes. When it fails, nothing stays running. */
  static async start(size: number, launch: Launch): Promise<Fleet> {
    const fleet = new Fleet(launch, size);
    const started = await Promise.allSettled(
      Array.from({ length: size }, (_, number) => fleet.#start(number)),
    );
    const failed = started.find(({ status }) => status === "rejected");
    if (failed?.status !== "rejected") return fleet;
    await fleet[Symbol.asyncDispose]();
    throw failed.reason;
  }

  /** Where the processes listen. */
  get urls(): readonly string[] {
    return this.#places.map(({ port }) => `http://127.0.0.1:${port}`);
  }

  /** Sends a process a signal; nothing happens if it has ended. */
  signal(number: number, signal: Deno.Signal): void {
    this.#processAt(number).kill(signal);
  }

  /** Kills a process; returns what starts it again at its place. */
  async kill(number: number): Promise<() => Promise<void>> {
    const process = this.#processAt(number);
    process.kill("SIGKILL");
    await process.exited;
    return () => this.#start(number);
  }

  /** Ends them all, those that were stopped by a signal too. */
  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all(this.#places.map(async ({ process }) => {
      process?.kill("SIGCONT");
      await process?.stop();
    }));
  }

  #processAt(number: number): FleetProcess {
    const process = this.#places[number]?.process;
    if (process === undefined) {
      throw new RangeError(`Cannot find a process: must be one of the fleet, received ${number}`);
    }
    return process;
  }

  async #start(number: number): Promise<void> {
    const place = this.#places[number];
    if (place !== undefined) {
      place.process = await this.#launch({ number, port: place.port });
    }
  }
}
