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
  readonly #count = { members: 0 };
  readonly #head = new Link<T | undefined>(undefined, this.#count);

  /** How many members there are. */
  get size(): number {
    return this.#count.members;
  }

  /** Adds a member at the end. */
  join(member: T): Place {
    const link = new Link<T | undefined>(member, this.#count);
    link.joinBefore(this.#head);
    return link;
  }

  *[Symbol.iterator](): Iterator<T> {
    const links: Link<T | undefined>[] = [];
    for (let link = this.#head.after; link !== this.#head; link = link.after) links.push(link);
    for (const link of links) if (link.here) yield link.member as T;
  }
}

class Link<T> implements Place {
  readonly member: T;
  readonly #count: { members: number };
  here = false;
  before: Link<T> = this;
  after: Link<T> = this;

  constructor(member: T, count: { members: number }) {
    this.member = member;
    this.#count = count;
  }

  joinBefore(next: Link<T>): void {
    const { before } = next;
    this.before = before;
    this.after = next;
    before.after = next.before = this;
    this.here = true;
    this.#count.members++;
  }

  leave(): void {
    if (!this.here) return;
    this.here = false;
    this.before.after = this.after;
    this.after.before = this.before;
    // One that is old to the garbage collector would keep all that came after it from being young.
    this.before = this.after = this;
    this.#count.members--;
  }
}
