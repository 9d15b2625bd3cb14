/** Who has which tag; most tags have one owner, which costs no set. */
export class TagIndex<Owner extends object> {
  readonly #owners = new Map<string, Owner | Set<Owner>>();

  /** How many tags have owners. */
  get size(): number {
    return this.#owners.size;
  }

  /** Adds an owner under each of its tags. */
  add(owner: Owner, tags: readonly string[]): void {
    for (const tag of tags) {
      const known = this.#owners.get(tag);
      if (known === undefined) this.#owners.set(tag, owner);
      else if (known instanceof Set) known.add(owner);
      else if (known !== owner) this.#owners.set(tag, new Set([known, owner]));
    }
  }

  /** Takes an owner out. */
  remove(owner: Owner, tags: readonly string[]): void {
    for (const tag of tags) {
      const known = this.#owners.get(tag);
      if (known === owner) this.#owners.delete(tag);
      else if (known instanceof Set && known.delete(owner) && known.size === 0) {
        this.#owners.delete(tag);
      }
    }
  }

  /** The owners of a tag, as they are now. */
  of(tag: string): readonly Owner[] {
    const known = this.#owners.get(tag);
    return known === undefined ? [] : known instanceof Set ? [...known] : [known];
  }
}
