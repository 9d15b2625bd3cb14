import type { Clock, Timer } from "../../../src/core/clock.ts";
import type { Simulation } from "./simulation.ts";

/** What wakes a process: its own timers, or what arrives from outside. */
type Source = "timer" | "socket";

interface Late {
  readonly source: Source;
  readonly run: () => void;
}

/**
 * An operating system's process: one that is stopped does nothing until it goes on, though its time
 * passes and what is sent to it waits; one that is killed does nothing any more.
 */
export class ModelProcess implements Clock {
  readonly sim: Simulation;
  #state: "running" | "stopped" | "dead" = "running";
  #late: Late[] = [];

  constructor(sim: Simulation) {
    this.sim = sim;
  }

  /** Whether it was not killed. */
  get alive(): boolean {
    return this.#state !== "dead";
  }

  now(): number {
    return this.sim.now;
  }

  wallMs(): number {
    return this.sim.now;
  }

  after(delayMs: number, task: () => void): Timer {
    let cancelled = false;
    this.at(this.sim.now + delayMs, () => cancelled || task(), "timer");
    return { cancel: () => void (cancelled = true) };
  }

  every(periodMs: number, task: () => void): Timer {
    let cancelled = false;
    const again = () => {
      if (cancelled) return;
      this.at(this.sim.now + periodMs, again, "timer");
      task();
    };
    this.at(this.sim.now + periodMs, again, "timer");
    return { cancel: () => void (cancelled = true) };
  }

  /** Runs a task in this process at a time, or as soon as it runs again. */
  at(time: number, run: () => void, source: Source = "socket"): void {
    this.sim.at(time, () => {
      if (this.#state === "running") run();
      else if (this.#state === "stopped") this.#late.push({ source, run });
    });
  }

  /** Stops it. */
  stop(): void {
    if (this.#state === "running") this.#state = "stopped";
  }

  /** Lets it go on. Which of its timers and sockets it looks at first is chance. */
  goOn(): void {
    if (this.#state !== "stopped") return;
    this.#state = "running";
    const first: Source = this.sim.chance(0.5) ? "timer" : "socket";
    const late = this.#late.splice(0);
    const inOrder = [
      ...late.filter(({ source }) => source === first),
      ...late.filter(({ source }) => source !== first),
    ];
    for (const { run, source } of inOrder) this.at(this.sim.now, run, source);
  }

  /** Ends it. */
  kill(): void {
    this.#state = "dead";
    this.#late = [];
  }
}
