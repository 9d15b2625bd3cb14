/** One member's place in a {@linkcode Ring}. */
export interface Place {
  /** Takes the member out; does nothing the second time. */
  leave(): void;
}

/**
 * A collection that members join and leave all the time: a doubly linked list, closed to a ring. A
 * `Set` makes a new table for every few that come and go. Members are met in the order in which they
 * joined; one that leaves meanwhile is not met.
 *
 * @example
 * ```ts
 * import { Ring } from "./ring.ts";
 * import { assertEquals } from "@std/assert";
 *
 * const ring = new Ring<string>();
 * const place = ring.join("a");
 * ring.join("b");
 * place.leave();
 * assertEquals([...ring], ["b"]);
 * ```
 */
export class Ring<T> implements Iterable<T> {
  readonly #head = new Link<T | undefined>(undefined, this);
  #size = 0;

  /** How many members there are. */
  get size(): number {
    return this.#size;
  }

  /** Adds a member at the end. */
  join(member: T): Place {
    this.#size++;
    const link = new Link<T | undefined>(member, this);
    link.joinBefore(this.#head);
    return link;
  }

  /** @ignore one of its places was left */
  left(): void {
    this.#size--;
  }

  *[Symbol.iterator](): Iterator<T> {
    const head = this.#head;
    // One that has left still leads on to those that came after it.
    for (let link = head.after; link !== head; link = link.after) {
      if (link.here) yield link.member as T;
    }
  }
}

class Link<T> implements Place {
  readonly member: T;
  readonly #ring: { left(): void };
  here = true;
  before: Link<T> = this;
  after: Link<T> = this;

  constructor(member: T, ring: { left(): void }) {
    this.member = member;
    this.#ring = ring;
  }

  joinBefore(next: Link<T>): void {
    const { before } = next;
    this.before = before;
    this.after = next;
    before.after = next.before = this;
  }

  leave(): void {
    if (!this.here) return;
    this.here = false;
    this.before.after = this.after;
    this.after.before = this.before;
    this.#ring.left();
  }
}
