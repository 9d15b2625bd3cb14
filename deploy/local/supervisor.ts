import type { ServiceProcess } from "./service_process.ts";

/** A process that lived this long gets another one at once when it dies. */
const SOUND_MS = 10_000;
const LONGEST_PAUSE_MS = 5_000;
const FIRST_PAUSE_MS = 250;

/** What a {@linkcode ServiceSupervisor} needs. */
export interface SupervisorOptions {
  /** Starts a process of the service. */
  readonly start: () => Promise<ServiceProcess>;
  /** Told what happens, in words. */
  readonly tell: (text: string) => void;
  /** Told when another process runs, or none. */
  readonly onChange: () => void;
}

/**
 * Keeps one process of the service running: when it dies it starts another one, at once the first
 * time, then after growing pauses of at most 5 s.
 */
export class ServiceSupervisor {
  readonly #options: SupervisorOptions;
  readonly #firstReady = Promise.withResolvers<void>();
  #current: ServiceProcess | undefined;
  #wanted = true;
  /** Whether the process that runs is to be replaced. */
  #replace = false;
  #wake: (() => void) | undefined;
  #loop: Promise<void> | undefined;

  constructor(options: SupervisorOptions) {
    this.#options = options;
  }

  /** The process that runs now. */
  get current(): ServiceProcess | undefined {
    return this.#current;
  }

  /** Begins; resolves when the service is ready for the first time, or stopped before. */
  async start(): Promise<void> {
    this.#loop ??= this.#run();
    await Promise.race([this.#firstReady.promise, this.#loop]);
  }

  /** Replaces the process by a new one, in order. */
  restart(): void {
    this.#replace = true;
    this.#wake?.();
    void this.#current?.stop();
  }

  /** Has the process read its statements again; starts one if none runs. */
  reload(): void {
    this.#wake?.();
    this.#current?.kill("SIGHUP");
  }

  /** Ends the process in order, and starts no other. */
  async stop(): Promise<void> {
    this.#wanted = false;
    this.#wake?.();
    await this.#current?.stop();
    await this.#loop;
  }

  async #run(): Promise<void> {
    const { start, tell, onChange } = this.#options;
    let failures = 0;
    while (this.#wanted) {
      this.#replace = false;
      const began = performance.now();
      const service = this.#current = await start();
      onChange();
      service.ready().then(() => this.#firstReady.resolve(), () => {});
      if (!this.#wanted) await service.stop();
      const code = await service.exited;
      this.#current = undefined;
      onChange();
      if (!this.#wanted) return;
      if (this.#replace) {
        failures = 0;
        continue;
      }
      failures = performance.now() - began > SOUND_MS ? 1 : failures + 1;
      const pauseMs = failures === 1
        ? 0
        : Math.min(FIRST_PAUSE_MS * 2 ** (failures - 2), LONGEST_PAUSE_MS);
      tell(
        `The service ended with exit code ${code}; starting it again` +
          (pauseMs === 0 ? "" : ` in ${pauseMs} ms, or when you save a file`),
      );
      await this.#pause(pauseMs);
    }
  }

  /** Waits, but no longer than until something calls for a process. */
  async #pause(ms: number): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#wake = resolve;
    const timer = setTimeout(resolve, ms);
    await promise;
    clearTimeout(timer);
    this.#wake = undefined;
  }
}
