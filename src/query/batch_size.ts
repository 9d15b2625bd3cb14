/** Keys of one batch; the statements that are prepared for them have 1, 2, 4, … 128 places. */
const MAX_KEYS = 128;
/**
 * Bytes that a batch is to have at most. One that has more saves its server nothing, and whoever else
 * is in the isolate waits while they are read and written.
 */
const LARGE = 1_048_576;

/** How many keys a batch may have, learnt from what the last ones were. */
export class BatchSize {
  #most = MAX_KEYS;

  /** Keys of the next batch at most. */
  get most(): number {
    return this.#most;
  }

  /** A batch of so many keys had more rows than are taken at once. */
  tooLarge(keys: number): void {
    this.#most = Math.max(1, Math.floor(keys / 2));
  }

  /** A batch of so many keys had about so many bytes. */
  learn(keys: number, size: number): void {
    if (size > LARGE) this.#most = Math.max(1, Math.floor(keys * LARGE / size));
    else if (keys >= this.#most) this.#most = Math.min(this.#most + 1, MAX_KEYS);
  }
}
