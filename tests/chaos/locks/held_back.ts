/**
 * Lets one holder of a process hold on to its lock until it is told to go: it stands for a client
 * that was stopped between its look at the lock and its write.
 */
export class HeldBack {
  #wanted = false;
  #go: (() => void) | undefined;

  /** The next grant of this process is to be held on to. */
  want(): void {
    this.#wanted = true;
  }

  /** Whether the caller is the one; asks once. */
  take(): boolean {
    const taken = this.#wanted;
    this.#wanted = false;
    return taken;
  }

  /** Resolves when the holder may go on. */
  wait(): Promise<void> {
    return new Promise((resolve) => this.#go = resolve);
  }

  /** Lets the holder go on, and nobody hold on from now. */
  go(): void {
    this.#wanted = false;
    this.#go?.();
    this.#go = undefined;
  }
}
