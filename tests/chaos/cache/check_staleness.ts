import type { Proof, ReadEvent } from "./events.ts";

/** A read that answered less than what was known before it began. */
export interface StaleRead {
  readonly read: ReadEvent;
  /** The first proof of something newer. */
  readonly missed: Proof;
  /** For how long that had been known when the read began. */
  readonly ms: number;
}

/**
 * Finds every answered read of a version that was known to be outdated before the read began, be it
 * by however little.
 */
export function findStaleReads(
  reads: readonly ReadEvent[],
  proofs: readonly Proof[],
): StaleRead[] {
  return findBehind(reads, new Steps(proofs, ({ key }) => String(key)), ({ key }) => String(key));
}

/**
 * Finds reads that do not see a write which was acknowledged before on the same connection, which
 * means by the same isolate.
 */
export function findLostWrites(
  reads: readonly ReadEvent[],
  proofs: readonly Proof[],
): StaleRead[] {
  const acknowledged = proofs.filter((proof) => proof.acknowledgedOn !== undefined);
  const steps = new Steps(acknowledged, (proof) => `${proof.key} ${proof.acknowledgedOn}`);
  return findBehind(reads, steps, ({ key, connection }) => `${key} ${connection}`);
}

function findBehind(
  reads: readonly ReadEvent[],
  steps: Steps,
  nameOf: (read: ReadEvent) => string,
): StaleRead[] {
  const found: StaleRead[] = [];
  for (const read of reads) {
    if (read.version === undefined) continue;
    const missed = steps.firstAfter(nameOf(read), read.version);
    if (missed === undefined || missed.at >= read.startedAt) continue;
    found.push({ read, missed, ms: read.startedAt - missed.at });
  }
  return found;
}

/** Of each name the proofs that brought something new, so that times and versions both grow. */
class Steps {
  readonly #byName = new Map<string, Proof[]>();

  constructor(proofs: readonly Proof[], nameOf: (proof: Proof) => string) {
    for (const proof of [...proofs].sort((a, b) => a.at - b.at)) {
      const name = nameOf(proof);
      const steps = this.#byName.get(name);
      if (steps === undefined) this.#byName.set(name, [proof]);
      else if (proof.version > (steps.at(-1)?.version ?? 0)) steps.push(proof);
    }
  }

  /** The first proof of a version above this one. */
  firstAfter(name: string, version: number): Proof | undefined {
    const steps = this.#byName.get(name) ?? [];
    let [low, high] = [0, steps.length];
    while (low < high) {
      const middle = (low + high) >> 1;
      if ((steps[middle]?.version ?? 0) > version) high = middle;
      else low = middle + 1;
    }
    return steps[low];
  }
}
