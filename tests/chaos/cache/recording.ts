import type { Disturbance, Period, Proof, ReadEvent, RequestEvent } from "./events.ts";

/** What happened in one phase. */
export class Recording {
  readonly reads: ReadEvent[] = [];
  readonly writes: RequestEvent[] = [];
  readonly proofs: Proof[] = [];
  readonly disturbances: Disturbance[] = [];
  /** Times in which nothing was disturbed and caches had become warm. */
  readonly calms: Period[] = [];
  /** How often caches did not become warm again. */
  cold = 0;
  readonly #newest = new Map<number, number>();

  /** The newest version that a key surely has; `undefined` while nothing is known of it. */
  versionOf(key: number): number | undefined {
    return this.#newest.get(key);
  }

  /** Takes in what is known of a key from now on. */
  prove(proof: Proof): void {
    const { key, version } = proof;
    this.proofs.push(proof);
    this.#newest.set(key, Math.max(version, this.#newest.get(key) ?? 0));
  }
}
