import type { ModelIsolate } from "./model_isolate.ts";

/**
 * What is not as it should be once nothing was wrong for a while: leases are held, nothing is in
 * doubt, and a second read of anything is a hit.
 *
 * @param options.reads the keys of each read
 */
export async function faultsAfterCalm(
  isolates: readonly ModelIsolate[],
  options: { readonly reads: readonly (readonly string[])[]; readonly delayMs: number },
): Promise<string[]> {
  const { reads, delayMs } = options;
  const found: string[] = [];
  for (const [number, isolate] of isolates.entries()) {
    if (!isolate.process.alive) continue;
    const { sim } = isolate.process;
    let before = 0;
    for (let turn = 0; turn < 2; turn++) {
      before = isolate.reader.hits;
      for (const keys of reads) isolate.reader.read(keys, { takesMs: 3 });
      if (turn === 0) await sim.run(sim.now + 10 + 3 * delayMs);
    }
    const faults = faultsOf(isolate, reads.flat());
    if (isolate.reader.hits - before < reads.length) faults.push("nothing is cached");
    found.push(...faults.map((fault) => `isolate ${number}: ${fault}`));
  }
  return found;
}

function faultsOf({ caches }: ModelIsolate, tags: readonly string[]): string[] {
  const { lease, doubts } = caches.stats();
  const faults = [];
  if (lease === "lost") faults.push("the lease was not regained");
  if (doubts > 0) faults.push(`${doubts} doubts stay open`);
  if (!caches.isSound(tags)) faults.push("nothing may be stored");
  return faults;
}
