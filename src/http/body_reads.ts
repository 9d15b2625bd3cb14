import type { Clock } from "../core/clock.ts";

/**
 * The bodies of an isolate that are being read now. Deno's shutdown breaks them, though it lets
 * all else finish: so it is called at a moment without one, and a body that it breaks even so is
 * told from a client that left.
 *
 * @example
 * ```ts
 * import { BodyReads } from "./body_reads.ts";
 * import { systemClock } from "../core/clock.ts";
 * import { assertEquals } from "@std/assert";
 *
 * const reads = new BodyReads();
 * await reads.close({ clock: systemClock, timeoutMs: 1_000 });
 * assertEquals(reads.closed, true);
 * ```
 */
export class BodyReads {
  #underWay = 0;
  #closed = false;
  #wake: (() => void) | undefined;

  /** Whether the server stops: a body that breaks off now was probably broken by that. */
  get closed(): boolean {
    return this.#closed;
  }

  /** A body is about to be read; {@linkcode end} must follow. */
  begin(): void {
    this.#underWay++;
  }

  /** It was read, or given up. */
  end(): void {
    if (--this.#underWay === 0) this.#wake?.();
  }

  /** Resolves at a moment without a body under way, or after `timeoutMs`. */
  async close(options: { readonly clock: Clock; readonly timeoutMs: number }): Promise<void> {
    let late = false;
    const limit = options.clock.after(options.timeoutMs, () => {
      late = true;
      this.#wake?.();
    });
    while (this.#underWay > 0 && !late) {
      await new Promise<void>((resolve) => this.#wake = resolve);
    }
    limit.cancel();
    this.#closed = true;
  }
}
