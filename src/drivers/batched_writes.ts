import { setImmediate } from "node:timers";

/** What can hold its writes back for a moment: the part of a Node stream that is used. */
export interface Corkable {
  cork(): void;
  uncork(): void;
}

/**
 * Lets the commands of one turn of the event loop leave in one write: the system call is the most
 * expensive part of a small command.
 */
export class BatchedWrites {
  #holding = false;

  /** To be called before a command is written to `stream`: holds it back until the turn's end. */
  hold(stream: Corkable): void {
    if (this.#holding) return;
    this.#holding = true;
    stream.cork();
    setImmediate(() => {
      this.#holding = false;
      stream.uncork();
    });
  }
}
