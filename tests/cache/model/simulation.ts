import { type Random, seededRandom } from "../../../src/core/random.ts";

interface Task {
  readonly at: number;
  readonly order: number;
  readonly run: () => void;
}

/** Turns of the microtask queue after each step: more than any chain of promises here is long. */
const TURNS = 16;

/**
 * A world with a time of its own, in milliseconds: what happens is a list of tasks by their time,
 * and between two of them every promise that can settle does. So a schedule that is run twice
 * happens twice in the same way.
 */
export class Simulation {
  readonly random: Random;
  #now = 0;
  #count = 0;
  readonly #heap: Task[] = [];

  constructor(seed: number) {
    this.random = seededRandom(seed);
  }

  /** The time. */
  get now(): number {
    return this.#now;
  }

  /** Runs a task at a time, after those that were set to the same time before. */
  at(time: number, run: () => void): void {
    const task = { at: Math.max(time, this.#now), order: this.#count++, run };
    const heap = this.#heap;
    let place = heap.push(task) - 1;
    while (place > 0) {
      const above = (place - 1) >> 1;
      const parent = heap[above];
      if (parent === undefined || !isBefore(task, parent)) break;
      heap[place] = parent;
      place = above;
    }
    heap[place] = task;
  }

  /** Runs a task so much later. */
  after(ms: number, run: () => void): void {
    this.at(this.#now + ms, run);
  }

  /** A number from 0 to below `max`. */
  pick(max: number): number {
    return this.random.next() * max;
  }

  /** Whether something happens that has this probability. */
  chance(probability: number): boolean {
    return this.random.next() < probability;
  }

  /** Lets all happen until a time. */
  async run(until: number): Promise<void> {
    for (let [next] = this.#heap; next !== undefined && next.at <= until; [next] = this.#heap) {
      this.#removeFirst();
      this.#now = next.at;
      next.run();
      for (let turn = 0; turn < TURNS; turn++) await undefined;
    }
    this.#now = Math.max(this.#now, until);
  }

  #removeFirst(): void {
    const heap = this.#heap;
    const last = heap.pop();
    if (last === undefined || heap.length === 0) return;
    let place = 0;
    for (;;) {
      let below = 2 * place + 1;
      const [left, right] = [heap[below], heap[below + 1]];
      if (left === undefined) break;
      let child = left;
      if (right !== undefined && isBefore(right, left)) {
        child = right;
        below++;
      }
      if (!isBefore(child, last)) break;
      heap[place] = child;
      place = below;
    }
    heap[place] = last;
  }
}

function isBefore(one: Task, other: Task): boolean {
  return one.at < other.at || (one.at === other.at && one.order < other.order);
}
