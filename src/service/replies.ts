import type { Clock } from "../core/clock.ts";

/**
 * Questions to another isolate that wait for their answers: messages go one way, so each carries a
 * number. What is not answered in time is given up; there are never more of them than were asked in
 * that time.
 */
export class Replies<T> {
  readonly #clock: Clock;
  readonly #waiting = new Map<number, (answer: T | undefined) => void>();
  #asked = 0;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** Sends a question and resolves with its answer, or with `undefined` after `timeoutMs`. */
  ask(send: (id: number) => void, timeoutMs: number): Promise<T | undefined> {
    const id = ++this.#asked;
    return new Promise((resolve) => {
      const limit = this.#clock.after(timeoutMs, () => {
        this.#waiting.delete(id);
        resolve(undefined);
      });
      this.#waiting.set(id, (answer) => {
        limit.cancel();
        resolve(answer);
      });
      send(id);
    });
  }

  /** Takes an answer in; one that comes too late is dropped. */
  answer(id: number, answer: T): void {
    const take = this.#waiting.get(id);
    this.#waiting.delete(id);
    take?.(answer);
  }
}
